/// What the programs and the stack itself wrote, line by line.
public final class Journal: Sendable {
    public struct Line: Sendable, Equatable {
        /// The function's short name, or the part of the stack that speaks.
        public var source: String
        public var text: String
    }

    /// A stack that is left running must not grow for ever.
    private static let kept = 50_000

    private let written = Monitor<[Line]>([])
    private let echo: @Sendable (Line) -> Void

    /// `echo` sees every line when it is written.
    public init(echo: @escaping @Sendable (Line) -> Void = { _ in }) {
        self.echo = echo
    }

    public func write(_ source: String, _ text: String) {
        let line = Line(source: source, text: text)
        written.with {
            $0.append(line)
            if $0.count > Self.kept { $0.removeFirst(Self.kept / 10) }
        }
        echo(line)
    }

    public var lines: [Line] { written.with { $0 } }

    /// What that function, or part of the stack, has written so far.
    public func lines(of source: String) -> [String] {
        lines.filter { $0.source == source }.map(\.text)
    }
}
