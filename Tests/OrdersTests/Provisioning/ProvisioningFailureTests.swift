import Testing

@testable import AWS
@testable import Orders
@testable import Salesforce
@testable import WHMCS

@Suite struct ProvisioningFailureTests {
    private struct UnknownError: Error {}

    @Test(
        "Each error has its code, and may be retryable",
        arguments: [
            (SalesforceFailure.notFound(doing: "d", message: "m"), .orderNotFound, false),
            (SalesforceFailure.unavailable(doing: "d", reason: "r"), .salesforceUnavailable, true),
            (SalesforceFailure.limitReached(doing: "d", message: "m"), .salesforceUnavailable, true),
            (SalesforceFailure.sessionInvalid, .salesforceUnavailable, true),
            (SalesforceFailure.noToken("why"), .salesforceUnavailable, true),
            (SalesforceFailure.rejected(doing: "d", code: "INVALID_FIELD", message: "m"), .salesforceRejected, false),
            (SalesforceFailure.unreadable(doing: "d"), .salesforceRejected, false),
            (WHMCSFailure.clientNotFound, .clientNotLinked, false),
            (WHMCSFailure.clientClosed, .clientClosed, false),
            (WHMCSFailure.notReachable(action: "a", reason: "r", mayHaveHappened: true), .whmcsUnavailable, true),
            (WHMCSFailure.notJSON(action: "a", status: 200, mayHaveHappened: false), .whmcsUnavailable, true),
            (WHMCSFailure.incompleteList(action: "a"), .whmcsUnavailable, true),
            (
                WHMCSFailure.serverError(action: "a", message: "m", status: 500, mayHaveHappened: true),
                .whmcsUnavailable, true
            ),
            (WHMCSFailure.other(action: "a", message: "m", status: 200), .whmcsRejected, false),
            (WHMCSFailure.authentication(message: "m", status: 403), .whmcsRejected, false),
            (WHMCSFailure.addressNotAllowed("192.0.2.1"), .whmcsRejected, false),
            (WHMCSFailure.permission(action: "a"), .whmcsRejected, false),
            (WHMCSFailure.paymentMethod(valid: ["x"]), .whmcsRejected, false),
            (WHMCSFailure.foreignRows(action: "a"), .whmcsRejected, false),
            (AWSFailure.unreadable(action: "a"), .provisioningError, true),
            (AWSFailure.unreachable(action: "a", reason: "r"), .provisioningError, true),
            (UnknownError(), .provisioningError, false),
        ] as [(any Error, ErrorCode, Bool)])
    func code(_ error: any Error, _ code: ErrorCode, _ isRetryable: Bool) throws {
        let failure = try #require(ProvisioningFailure(error))
        #expect(failure.code == code)
        #expect(failure.isRetryable == isRetryable)
        #expect(failure.message == (error as? SalesforceFailure)?.descriptionWithHint ?? "\(error)")
    }

    @Test("A provisioning failure stays as it is") func provisioningFailure() {
        let failure = ProvisioningFailure(.whmcsUnavailable, "why", isRetryable: true, notBefore: 7)
        #expect(ProvisioningFailure(failure) == failure)
    }

    /// Such a run must not write a failure to the order.
    @Test(
        "A lost lease and an unreadable order are no failures of the order",
        arguments: [Lease.Lost(), Ledger.Unreadable()] as [any Error])
    func notOurs(_ error: any Error) {
        #expect(ProvisioningFailure(error) == nil)
    }

    @Test("The steps have the names of log and ledger") func steps() {
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
