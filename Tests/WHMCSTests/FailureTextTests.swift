import Testing
import WHMCS

/// What an operator reads when a call to WHMCS has failed.
@Suite struct FailureTextTests {
    /// Each row: the failure, its sentence, and whether the same call may succeed later.
    @Test(
        "A failure is one sentence, which names the action or what to fix",
        arguments: [
            (
                .notReachable(action: "GetOrders", reason: "host: timed out", mayHaveHappened: false),
                "WHMCS did not answer GetOrders: host: timed out.", true
            ),
            (
                .notJSON(action: "GetOrders", status: 503, mayHaveHappened: false),
                "WHMCS answered GetOrders with HTTP 503 and no JSON.", true
            ),
            (
                .serverError(action: "AddOrder", message: "Oops", status: 500, mayHaveHappened: true),
                "WHMCS answered AddOrder with HTTP 500: Oops", true
            ),
            (
                .unreadable(action: "GetOrders", "no result", mayHaveHappened: false),
                "The answer of WHMCS to GetOrders cannot be read: no result.", true
            ),
            (.incompleteList(action: "GetOrders"), "WHMCS did not return the whole list of GetOrders.", true),
            (.foreignRows(action: "GetOrders"), "WHMCS answered GetOrders with rows that were not requested.", false),
            (.noCredentials("no secret"), "There are no WHMCS credentials: no secret.", true),
            (
                .authentication(message: "Authentication Failed", status: 403),
                "WHMCS does not accept the API credentials: Authentication Failed.", false
            ),
            (
                .addressNotAllowed("203.0.113.9"),
                "WHMCS does not allow the address 203.0.113.9: add it to the API's list of addresses, or use an access key.",
                false
            ),
            (.permission(action: "AddOrder"), "The WHMCS API role does not allow AddOrder.", false),
            (.clientNotFound, "WHMCS does not know the client.", false),
            (.clientClosed, "The WHMCS client is closed.", false),
            (
                .paymentMethod(valid: ["stripe", "mailin"]),
                "WHMCS does not know the payment method; it knows stripe, mailin.", false
            ),
            (.notPendingOrMissing, "WHMCS has no such order, or it is not pending.", false),
            (.emptyCart, "WHMCS accepted none of the order's lines.", false),
            (.expectsArray(parameter: "pid"), "WHMCS expects an array for pid.", false),
            (.other(action: "AddOrder", message: "No.", status: 200), "WHMCS refused AddOrder: No.", false),
            (.other(action: "AddOrder", message: "Slow", status: 429), "WHMCS refused AddOrder: Slow", true),
        ] as [(WHMCSFailure, String, Bool)])
    func sentence(_ failure: WHMCSFailure, _ text: String, _ isRetryable: Bool) {
        #expect(failure.description == text)
        #expect(failure.isRetryable == isRetryable)
    }
}
