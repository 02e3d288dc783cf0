import Foundation
import Testbed

/// Writes unbuffered, because a script may watch the output in a file.
@Sendable func write(_ line: String, to file: FileHandle) {
    try? file.write(contentsOf: Data((line + "\n").utf8))
}
@Sendable func print(_ line: String) { write(line, to: .standardOutput) }
@Sendable func note(_ line: String) { write(line, to: .standardError) }

func run(_ command: Command) throws -> Bool {
    let root = try TestbedConfiguration.findProjectRoot()
    // The programs are built into the same directory as this tool.
    let programs = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().path
    switch command {
    case .up(let port, let speed):
        try UpCommand(projectRoot: root, programs: programs, port: port, speed: speed, print: print).run()
        return true
    case .invoke(let function, let file, let asIs):
        return try InvokeCommand(
            projectRoot: root, programs: programs, function: function, file: file, asIs: asIs, print: print, note: note
        ).run()
    case .fulfill(let orderId, let door, let key, let timeout):
        return try FulfillCommand(
            projectRoot: root, orderId: orderId, door: door, key: key, timeout: timeout, print: print
        ).run(secret: ProcessInfo.processInfo.environment["WEBHOOK_SECRET"])
    case .status(let orderId):
        return try StatusCommand(projectRoot: root, orderId: orderId, print: print).run()
    }
}

do {
    exit(try run(Command.parse(Array(CommandLine.arguments.dropFirst()))) ? 0 : 1)
} catch let error as Command.UsageError {
    note("\(error)\n\(Command.usage)")
    exit(64)
} catch {
    note("\(error)")
    exit(1)
}
