/// The lines that the programs and the testbed itself have written.
public final class Journal: Sendable {
    public struct Line: Sendable, Equatable {
        /// A program, or a part of the testbed.
        public var source: String
        public var text: String
    }

    /// A testbed that runs for days must not grow without end.
    private static let capacity = 50_000

    private let written = Monitor<[Line]>([])
    private let echo: @Sendable (Line) -> Void

    /// `echo` receives every line when it is written.
    public init(echo: @escaping @Sendable (Line) -> Void = { _ in }) {
        self.echo = echo
    }

    func write(_ source: String, _ text: String) {
        let line = Line(source: source, text: text)
        written.with {
            $0.append(line)
            if $0.count > Self.capacity { $0.removeFirst(Self.capacity / 10) }
        }
        echo(line)
    }

    public var lines: [Line] { written.with { $0 } }

    /// The lines of one program, or of one part of the testbed.
    public func lines(of source: String) -> [String] {
        lines.filter { $0.source == source }.map(\.text)
    }
}
