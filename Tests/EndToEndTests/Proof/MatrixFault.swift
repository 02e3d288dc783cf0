import Foundation
import Testbed

/// The faults of the matrix. Each can hit any outbound call.
enum MatrixFault: String, CaseIterable {
    case refused, dropBeforeActing, actThenDrop, withheld, late, tooManyRequests, serverError, maintenance
    case actThenTruncate, actThenEmptyBody, okPage, killedBefore, killedAfter, killedBeforeCheckpoint, killedLate

    /// From the end of a run to a late call.
    static let lateness: TimeInterval = 1

    /// Whether the fault can last until the run is over. Where a program retries, one fault alone does little.
    var canLast: Bool {
        switch self {
        case .dropBeforeActing, .actThenDrop, .tooManyRequests, .serverError, .maintenance, .actThenTruncate,
            .actThenEmptyBody, .okPage:
            true
        // The others end the run, or last in any case.
        case .refused, .withheld, .late, .killedBefore, .killedAfter, .killedBeforeCheckpoint, .killedLate:
            false
        }
    }

    /// What to inject, and into which call, so that this fault hits `call`. Nil where it is impossible.
    ///
    /// - Parameter run: all calls of the run, in order.
    func placed(at call: OutboundCall, in run: [OutboundCall]) -> PlannedFault? {
        switch self {
        // A service refuses a connection only if it stops listening before: after the previous call.
        case .refused:
            run.last { $0.position < call.position }.map { PlannedFault($0, .thenRefuses(call.service)) }
        case .killedBeforeCheckpoint:
            run.first { $0.position > call.position && $0.isCheckpoint }.map { PlannedFault($0, .killedBefore) }
        case .dropBeforeActing: PlannedFault(call, .response(.dropBeforeActing))
        case .actThenDrop: PlannedFault(call, .response(.actThenDrop))
        case .withheld: PlannedFault(call, .withheld)
        case .late: PlannedFault(call, .late(by: Self.lateness))
        case .tooManyRequests: PlannedFault(call, .response(.tooManyRequests))
        case .serverError: PlannedFault(call, .response(.serverError))
        case .maintenance: PlannedFault(call, .response(.maintenance))
        case .okPage: PlannedFault(call, .response(.okPage))
        case .actThenTruncate: PlannedFault(call, .response(.actThenTruncate))
        case .actThenEmptyBody: PlannedFault(call, .response(.actThenEmptyBody))
        case .killedBefore: PlannedFault(call, .killedBefore)
        case .killedAfter: PlannedFault(call, .killedAfter)
        // The next run begins about a second after the lease has expired, and takes less than a second.
        case .killedLate: PlannedFault(call, .killedLate(by: CompressedTime.matrix.killDelay))
        }
    }
}

extension Fault {
    static let serverError = answer(500, "Internal Server Error", contentType: "text/plain")
    /// A maintenance page with status 200.
    static let okPage = answer(200, "<html><body>We are back soon</body></html>", contentType: "text/html")
}

extension OutboundCall {
    fileprivate var isCheckpoint: Bool {
        service == .dynamodb && ["UpdateItem", "PutItem", "TransactWriteItems"].contains(action)
    }
}
