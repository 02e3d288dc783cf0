import Foundation
import Testing

/// Runs a script of Python, which knows `cryptography`, and gives what it printed.
func python(_ script: String, input: String = "") throws -> String {
    let process = Process()
    let local = ".local/venv/bin/python"
    let python =
        ProcessInfo.processInfo.environment["PYTHON"]
        ?? (FileManager.default.isExecutableFile(atPath: local) ? local : "python3")
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [python, "-c", script]
    let (stdin, stdout) = (Pipe(), Pipe())
    process.standardInput = stdin
    process.standardOutput = stdout
    try process.run()
    stdin.fileHandleForWriting.write(Data(input.utf8))
    try stdin.fileHandleForWriting.close()
    let output = stdout.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "\(python) failed")
    return String(decoding: output, as: UTF8.self)
}
