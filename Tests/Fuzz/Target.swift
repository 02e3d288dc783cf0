/// A name, and code that decodes bytes from outside. It crashes when the code does, or when what it returns is wrong.
struct Target: Sendable {
    let name: String
    let run: @Sendable ([UInt8]) -> Void

    /// - Parameter body: may throw: refusing bytes is what most of them are for.
    init(_ name: String, _ body: @escaping @Sendable ([UInt8]) throws -> Void) {
        self.name = name
        run = { bytes in try? body(bytes) }
    }
}

/// What libFuzzer's callback, which holds no context, runs.
nonisolated(unsafe) var current = targets[0]

let targets = requestTargets + eventTargets + answerTargets + secretTargets + encoderTargets

/// Text of any bytes.
func text(_ bytes: some Collection<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }

/// The parts between zero bytes: an input for several values. At least `count` of them.
func parts(_ bytes: [UInt8], _ count: Int = 1) -> [[UInt8]] {
    let parts = bytes.split(separator: 0, omittingEmptySubsequences: false).map(Array.init)
    return parts + Array(repeating: [], count: max(0, count - parts.count))
}
