import Testing

@testable import AWS
@testable import Orders
@testable import Salesforce
@testable import WHMCS

@Suite struct FailureTests {
    private struct Unforeseen: Error {}

    @Test(
        arguments: [
            (Salesforce.Failure.notFound(doing: "d", message: "m"), .orderNotFound, false),
            (Salesforce.Failure.unavailable(doing: "d", reason: "r"), .salesforceUnavailable, true),
            (Salesforce.Failure.limitReached(doing: "d", message: "m"), .salesforceUnavailable, true),
            (Salesforce.Failure.sessionInvalid, .salesforceUnavailable, true),
            (Salesforce.Failure.noToken("why"), .salesforceUnavailable, true),
            (Salesforce.Failure.rejected(doing: "d", code: "INVALID_FIELD", message: "m"), .salesforceRejected, false),
            (Salesforce.Failure.unreadable(doing: "d"), .salesforceRejected, false),
            (WHMCS.Failure.clientNotFound, .clientNotLinked, false),
            (WHMCS.Failure.clientClosed, .clientClosed, false),
            (WHMCS.Failure.notReachable(action: "a", reason: "r", mayHaveHappened: true), .whmcsUnavailable, true),
            (WHMCS.Failure.notJSON(action: "a", status: 200, mayHaveHappened: false), .whmcsUnavailable, true),
            (WHMCS.Failure.incompleteList(action: "a"), .whmcsUnavailable, true),
            (WHMCS.Failure.other(action: "a", message: "m", status: 500), .whmcsUnavailable, true),
            (WHMCS.Failure.other(action: "a", message: "m", status: 200), .whmcsRejected, false),
            (WHMCS.Failure.authentication(message: "m"), .whmcsRejected, false),
            (WHMCS.Failure.addressNotAllowed("192.0.2.1"), .whmcsRejected, false),
            (WHMCS.Failure.permission(action: "a"), .whmcsRejected, false),
            (WHMCS.Failure.paymentMethod(valid: ["x"]), .whmcsRejected, false),
            (WHMCS.Failure.foreignRows(action: "a"), .whmcsRejected, false),
            (AWS.Failure.unreadable(action: "a"), .provisioningError, true),
            (AWS.Failure.unreachable(action: "a", reason: "r", mayHaveHappened: true), .provisioningError, true),
            (Unforeseen(), .provisioningError, false),
        ] as [(any Error, ProvisioningFailure.Code, Bool)])
    func hasTheCodeOfTheContract(_ error: any Error, _ code: ProvisioningFailure.Code, _ isPassing: Bool) throws {
        let failure = try #require(ProvisioningFailure(error))
        #expect(failure.code == code)
        #expect(failure.isPassing == isPassing)
        #expect(failure.message == "\(error)")
    }

    @Test func keepsItsOwnWords() {
        let failure = ProvisioningFailure(.whmcsUnavailable, "why", isPassing: true, notBefore: 7)
        #expect(ProvisioningFailure(failure) == failure)
    }

    /// Whoever lost the order, or cannot read it, must not write what became of it.
    @Test(arguments: [Lease.Lost(), Ledger.Unreadable()] as [any Error])
    func isNoneWhenTheOrderIsNotOurs(_ error: any Error) {
        #expect(ProvisioningFailure(error) == nil)
    }

    @Test func stepsHaveTheRunbooksNames() {
        let steps: [Step] = [
            .validation, .statusUpdate, .orderDetails, .mapping, .create, .accept, .successUpdate, .failureUpdate,
        ]
        #expect(
            steps.map(\.rawValue) == [
                "validation", "sf_status_update", "order_details", "mapping", "whmcs_create", "whmcs_accept",
                "sf_success_update", "sf_failure_update",
            ])
    }
}
