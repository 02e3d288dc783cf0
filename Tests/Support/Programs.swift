import Foundation
import Glibc

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
        let fromTest = Pipe()
        let (output, errors) = (Pipe(), Pipe())
        (process.standardInput, process.standardOutput, process.standardError) = (fromTest, output, errors)
        try process.run()
        try write(input[...], to: fromTest.fileHandleForWriting.fileDescriptor)
        try fromTest.fileHandleForWriting.close()
        let answer = try readAll(output.fileHandleForReading.fileDescriptor)
        let complaint = try readAll(errors.fileHandleForReading.fileDescriptor)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failed(description: "\(path) \(arguments.first ?? ""): \(String(decoding: complaint, as: UTF8.self))")
        }
        return answer
    }

    // Foundation's own calls fail when a signal interrupts them, such as that of another test's process that ends.

    private func write(_ bytes: ArraySlice<UInt8>, to file: Int32) throws {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            guard count >= 0 || errno == EINTR else { throw Failed(description: "\(path) reads no input: \(errno)") }
            rest = rest.dropFirst(max(0, count))
        }
    }

    private func readAll(_ file: Int32) throws -> [UInt8] {
        var (all, buffer): ([UInt8], [UInt8]) = ([], [UInt8](repeating: 0, count: 1 << 16))
        while true {
            let count = read(file, &buffer, buffer.count)
            guard count >= 0 || errno == EINTR else { throw Failed(description: "\(path) has no output: \(errno)") }
            if count == 0 { return all }
            all += buffer.prefix(max(0, count))
        }
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
