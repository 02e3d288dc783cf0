import Foundation

/// A program that runs beside a test. It must end with its standard input, so that it also ends when the
/// tests are killed.
public final class Service: @unchecked Sendable {
    /// The program ended before its ready line.
    public struct NotReady: Error, CustomStringConvertible {
        public var description: String
    }

    /// The line that says that it is ready.
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
        // Further output is discarded, so that a full pipe never blocks the program.
        output.fileHandleForReading.readabilityHandler = {
            if $0.availableData.isEmpty { $0.readabilityHandler = nil }
        }
    }

    deinit {
        try? input.fileHandleForWriting.close()
        // Not SIGTERM: a child inherits the blocked signals of a test's thread.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// The digits at the end of the ready line.
    public var port: Int? {
        Int(String(readyLine.reversed().prefix { $0.isNumber }.reversed()))
    }
}
