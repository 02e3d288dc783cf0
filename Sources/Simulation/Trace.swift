import Basics

/// What happened in an episode, in order: a hash, and the lines when somebody reads the story.
package struct Trace {
    package struct Line: Sendable {
        package var time: Timestamp
        package var who: String
        package var what: String
        package var outcome: String
    }

    private(set) var lines: [Line] = []
    /// FNV-1a over all lines.
    private(set) var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    private let keepsLines: Bool

    init(keepsLines: Bool) {
        self.keepsLines = keepsLines
    }

    /// - Parameter details: for the reader of the story; not in the hash.
    mutating func add(
        _ time: Timestamp, _ who: String, _ what: String, _ outcome: String, details: @autoclosure () -> String = ""
    ) {
        withUnsafeBytes(of: time.milliseconds.littleEndian) { mix($0) }
        for text in [who, what, outcome] {
            var text = text
            text.withUTF8 { mix(UnsafeRawBufferPointer($0)) }
        }
        guard keepsLines else { return }
        let details = details()
        let full = details.isEmpty ? outcome : "\(outcome): \(details)"
        lines.append(Line(time: time, who: who, what: what, outcome: full))
    }

    private mutating func mix(_ bytes: UnsafeRawBufferPointer) {
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        // Ends a text, so that "ab", "c" differs from "a", "bc".
        hash = (hash ^ 0xff) &* 0x100_0000_01b3
    }
}
