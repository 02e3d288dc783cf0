/// The lines that the programs and the testbed itself have written.
public final class Journal: Sendable {
    public struct Line: Sendable, Equatable {
        /// A program, or a part of the testbed.
        public var source: String
        public var text: String
    }

    /// A testbed that runs for days must not grow without end.
    private static let capacity = 50_000

    private struct Written {
        var lines: [Line] = []
        /// Lines that were written before these.
        var removed = 0
    }

    private let written = Monitor(Written())
    private let echo: @Sendable (Line) -> Void

    /// `echo` receives every line when it is written.
    public init(echo: @escaping @Sendable (Line) -> Void = { _ in }) {
        self.echo = echo
    }

    func write(_ source: String, _ text: String) {
        let line = Line(source: source, text: text)
        written.with {
            $0.lines.append(line)
            guard $0.lines.count > Self.capacity else { return }
            $0.lines.removeFirst(Self.capacity / 10)
            $0.removed += Self.capacity / 10
        }
        echo(line)
    }

    public var lines: [Line] { written.with { $0.lines } }

    /// The newest lines, the oldest of them first.
    ///
    /// - Parameters:
    ///   - number: of the first line that the caller wants. The first line ever written has number 0.
    ///   - most: how many lines at most.
    /// - Returns: the lines, and the number of the next line.
    func lines(from number: Int, most: Int) -> (lines: [Line], next: Int) {
        written.with { written in
            let next = written.removed + written.lines.count
            // A number from another journal may be anything.
            let count = number > next ? most : min(most, next - max(0, number))
            return (Array(written.lines.suffix(count)), next)
        }
    }

    /// The lines of one program, or of one part of the testbed.
    public func lines(of source: String) -> [String] {
        lines.filter { $0.source == source }.map(\.text)
    }
}
