import Foundation

/// A program that runs beside a test. It is to end when its standard input does, so that none is left behind even when
/// the tests are killed.
public final class Service: @unchecked Sendable {
    /// The line that was waited for never came.
    public struct NotReady: Error, CustomStringConvertible {
        public var description: String
    }

    /// The line that told it was ready.
    public let readyLine: String
    private let process = Process()
    private let input = Pipe()

    /// Starts it and waits for a line of its standard output that contains `ready`.
    public init(_ path: String, _ arguments: [String], ready: String) throws {
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        (process.standardInput, process.standardOutput, process.standardError) = (input, output, FileHandle.nullDevice)
        try process.run()
        var text = ""
        while true {
            let piece = output.fileHandleForReading.availableData
            text += String(decoding: piece, as: UTF8.self)
            let lines = text.components(separatedBy: "\n").dropLast()
            if let line = lines.first(where: { $0.contains(ready) }) {
                readyLine = line
                break
            }
            if piece.isEmpty { throw NotReady(description: "\(path) ended before it said \(ready): \(text)") }
        }
        // Whatever else it says is thrown away, so that it never blocks on a full pipe.
        output.fileHandleForReading.readabilityHandler = {
            if $0.availableData.isEmpty { $0.readabilityHandler = nil }
        }
    }

    deinit {
        try? input.fileHandleForWriting.close()
        // Not SIGTERM: a child inherits the signals that the thread of a test has blocked.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// The digits at the end of the ready line.
    public var port: Int? {
        Int(String(readyLine.reversed().prefix { $0.isNumber }.reversed()))
    }
}
