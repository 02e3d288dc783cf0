import Testbed

/// What can go wrong with any outside call.
enum FaultKind: String, CaseIterable {
    case refused, resetBefore, resetAfter, withheld, late, tooManyRequests, serverError, maintenance, truncated
    case emptyBody, okPage, killedBefore, killedAfter, killedBeforeCheckpoint, killedLate

    /// The maintenance page of those who say 200 all the same.
    static let page = Fault.answer(200, "<html><body>We are back soon</body></html>", contentType: "text/html")

    /// Whether it can go on until the run is over. Where a program tries again by itself, one fault alone is not much.
    var canLast: Bool {
        switch self {
        case .resetBefore, .resetAfter, .tooManyRequests, .serverError, .maintenance, .truncated, .emptyBody, .okPage:
            true
        // The others end the run, or last anyway.
        case .refused, .withheld, .late, .killedBefore, .killedAfter, .killedBeforeCheckpoint,
            .killedLate:
            false
        }
    }

    /// At which call what has to happen, so that `call` meets this; nil where it can't.
    ///
    /// - Parameter run: all calls of the run that makes it, in their order.
    func placed(at call: OutsideCall, in run: [OutsideCall]) -> (call: OutsideCall, trouble: Trouble)? {
        switch self {
        // What listens nowhere has to have gone before anybody connects: after the call before.
        case .refused: run.last { $0.position < call.position }.map { ($0, .thenRefuses(call.service)) }
        case .killedBeforeCheckpoint:
            run.first { $0.position > call.position && $0.isCheckpoint }.map { ($0, .killedBefore) }
        case .resetBefore: (call, .fault(.dropBeforeActing))
        case .resetAfter: (call, .fault(.actThenDrop))
        case .withheld: (call, .withheld)
        case .late: (call, .late)
        case .tooManyRequests: (call, .fault(.tooManyRequests))
        case .serverError: (call, .fault(.answer(500, "Internal Server Error", contentType: "text/plain")))
        case .maintenance: (call, .fault(.maintenance))
        case .okPage: (call, .fault(Self.page))
        case .truncated: (call, .fault(.actThenTruncate))
        case .emptyBody: (call, .fault(.actThenEmptyBody))
        case .killedBefore: (call, .killedBefore)
        case .killedAfter: (call, .killedAfter)
        // The next run begins about a second after the lease is over, and needs less than one.
        case .killedLate: (call, .killedLate(after: Double(Lane.patience) + 2))
        }
    }
}

extension OutsideCall {
    var isCheckpoint: Bool { service == .dynamodb && ["UpdateItem", "PutItem", "TransactWriteItems"].contains(action) }
}
