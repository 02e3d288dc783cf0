import JSON

/// The trace that an invocation belongs to, in the form of the header `X-Amzn-Trace-Id` ("AWS X-Ray concepts", "Tracing
/// header").
///
/// provision-order has a trace of its own. "Tracing event-driven applications" of the X-Ray guide: Lambda starts a new
/// trace for what it receives from a queue, because a batch holds messages of several senders, and X-Ray links that trace
/// to those in the messages' `AWSTraceHeader` by itself, where the function's tracing is active. So a call belongs to the
/// trace of its invocation, and the trace of the click is only handed on.
public struct TraceHeader: Sendable, Equatable {
    /// The trace: `1-<8 hex digits>-<24 hex digits>`.
    public let root: String
    /// The segment in the trace to which what follows belongs: 16 hex digits.
    public let parent: String
    /// Whether X-Ray records the trace.
    public let isSampled: Bool

    /// Nil unless there are a root, a parent and a decision. A client may have sent any other field.
    public init?(_ text: String) {
        var (root, parent, sampled): (Substring?, Substring?, Substring?)
        for field in text.utf8.split(separator: UInt8(ascii: ";")).map({ Substring($0) }) {
            if let value = field.value(of: "Root=") { root = value }
            if let value = field.value(of: "Parent=") { parent = value }
            if let value = field.value(of: "Sampled=") { sampled = value }
        }
        guard let root, isTraceID(root), let parent, isHex(parent.utf8[...], 16),
            let sampled, sampled == "1" || sampled == "0"
        else { return nil }
        self.root = String(root)
        self.parent = String(parent)
        isSampled = sampled == "1"
    }

    public var text: String { "Root=\(root);Parent=\(parent);Sampled=\(isSampled ? 1 : 0)" }
}

extension Invocation {
    /// Nil when Lambda gives none.
    public var trace: TraceHeader? { traceID.flatMap(TraceHeader.init) }

    /// Fields for log lines that lead to the traces of X-Ray; none for traces that it does not record.
    ///
    /// - Parameter click: the trace in the message that the invocation handles, which began with the order's request.
    public func traceFields(click: TraceHeader? = nil) -> [String: JSON] {
        var fields: [String: JSON] = [:]
        if let trace, trace.isSampled { fields["traceId"] = .string(trace.root) }
        if let click, click.isSampled { fields["clickTraceId"] = .string(click.root) }
        return fields
    }
}

private func isTraceID(_ text: Substring) -> Bool {
    let parts = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    return parts.count == 3 && parts[0].elementsEqual("1".utf8) && isHex(parts[1], 8) && isHex(parts[2], 24)
}

private func isHex(_ text: Substring.UTF8View, _ count: Int) -> Bool {
    text.count == count
        && text.allSatisfy {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
        }
}

extension Substring {
    fileprivate func value(of name: String) -> Substring? {
        utf8.starts(with: name.utf8) ? Substring(utf8.dropFirst(name.utf8.count)) : nil
    }
}
