import Foundation

/// The root of this package.
public let packageRoot = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

/// Another program, such as an independent implementation to compare with.
public struct Program: Sendable {
    /// It exited with another status than 0; the description has its standard error.
    public struct Failed: Error, CustomStringConvertible {
        public var description: String
    }

    private let path: String

    public init(_ path: String) {
        self.path = path
    }

    public static let openssl = Program("/usr/bin/openssl")
    public static let php = Program("/usr/bin/php")

    /// The interpreter with the packages of the tests: `PYTHON`, or the one of `.local/venv`.
    public static let python = Program(pythonPath)

    public static var pythonPath: String {
        ProcessInfo.processInfo.environment["PYTHON"] ?? packageRoot.appending(path: ".local/venv/bin/python").path
    }

    /// Runs it to its end and returns its standard output.
    public func run(_ arguments: [String], input: [UInt8] = []) throws -> [UInt8] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        let (input, fromTest) = (Data(input), Pipe())
        let (output, errors) = (Pipe(), Pipe())
        (process.standardInput, process.standardOutput, process.standardError) = (fromTest, output, errors)
        try process.run()
        try fromTest.fileHandleForWriting.write(contentsOf: input)
        try fromTest.fileHandleForWriting.close()
        let answer = try output.fileHandleForReading.readToEnd() ?? Data()
        let complaint = try errors.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failed(description: "\(path) \(arguments.first ?? ""): \(String(decoding: complaint, as: UTF8.self))")
        }
        return [UInt8](answer)
    }
}

extension Program {
    /// The same with text.
    public func text(_ arguments: [String], input: String = "") throws -> String {
        String(decoding: try run(arguments, input: Array(input.utf8)), as: UTF8.self)
    }
}

/// A directory that its last user deletes.
public final class TemporaryDirectory: Sendable {
    public let url: URL

    public init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "tests-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: url)
    }

    /// Writes a file and returns its path.
    public func file(_ name: String, _ bytes: [UInt8]) throws -> String {
        let file = url.appending(path: name)
        try Data(bytes).write(to: file)
        return file.path
    }
}
