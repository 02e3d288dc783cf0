import LocalStack

/// What can go wrong with any outside call.
enum FaultKind: String, CaseIterable {
    case refused, resetBefore, resetAfter, withheld, late, tooManyRequests, serverError, maintenance, truncated
    case emptyBody, killedBefore, killedAfter, killedBeforeCheckpoint

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
        case .truncated: (call, .fault(.actThenTruncate))
        case .emptyBody: (call, .fault(.actThenEmptyBody))
        case .killedBefore: (call, .killedBefore)
        case .killedAfter: (call, .killedAfter)
        }
    }
}

extension OutsideCall {
    var isCheckpoint: Bool { service == .dynamodb && ["UpdateItem", "PutItem", "TransactWriteItems"].contains(action) }
}
