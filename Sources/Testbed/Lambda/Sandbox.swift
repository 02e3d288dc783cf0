import Foundation

/// An execution environment: one process of a function and the Runtime API it talks to. Takes one event at a time.
final class Sandbox: Sendable {
    /// Lambda's limit for the time before the first `next`.
    private static let initLimit = 10.0

    private let definition: FunctionDefinition
    private let api: RuntimeAPI
    private let child: Child
    private let journal: Journal
    private let doors: Doors?

    /// Starts the program. It dies with the sandbox, and the sandbox is of no more use once it has ended.
    init(
        _ definition: FunctionDefinition, program: String, environment: [String: String], journal: Journal,
        interposer: Interposer? = nil
    ) throws {
        let api = try RuntimeAPI(definition)
        let doors = try interposer.map { try Doors($0, program: definition.name) }
        let environment = doors?.leading(environment) ?? environment
        self.definition = definition
        self.api = api
        self.journal = journal
        self.doors = doors
        do {
            child = try Child.start(
                program, environment: Self.environment(definition, program, environment, api),
                line: { journal.write(definition.name, $0) }, ended: { _ in api.close() })
            doors?.stand(before: child)
        } catch {
            api.close()
            doors?.close()
            throw error
        }
    }

    /// Feeds it one event. Nil when the process was found dead before it took the event, which is then another's:
    /// a warm process may end between two events.
    func run(_ invocation: Invocation, timeout: Double) -> InvocationResult? {
        doors?.beginRun(invocation.payload)
        defer { doors?.endRun() }
        api.offer(invocation)
        switch api.started(by: Date(timeIntervalSinceNow: max(Self.initLimit, timeout))) {
        case .taken(let deadline): return outcome(of: invocation, by: deadline, timeout: timeout)
        case .initFailed(var result):
            result.requestId = invocation.requestId
            child.waitUntilExit(until: Date(timeIntervalSinceNow: 1))
            stop()
            return result
        case .never(let wasInitialised):
            let isAlive = child.waitUntilExit(until: Date()) == nil
            stop()
            if isAlive {
                return .failed(invocation.requestId, "Sandbox.Timedout", "The program never asked for an event.")
            }
            return wasInitialised ? nil : exited(invocation)
        }
    }

    /// Kills the process and waits until it is gone.
    func stop() {
        child.kill()
        child.waitUntilExit()
        api.close()
        doors?.close()
    }

    var processID: pid_t { child.pid }
    var isAlive: Bool { child.waitUntilExit(until: Date()) == nil }

    private func outcome(of invocation: Invocation, by deadline: Date?, timeout: Double) -> InvocationResult {
        if let result = api.result(by: deadline) { return result }
        let isTimeUp = deadline.map { $0 <= Date() } == true && isAlive
        stop()
        guard isTimeUp else { return exited(invocation) }
        let message = "Task timed out after \(String(format: "%.2f", timeout)) seconds"
        journal.write(definition.name, "\(invocation.requestId) \(message)")
        return .failed(invocation.requestId, "Sandbox.Timedout", message)
    }

    private func exited(_ invocation: Invocation) -> InvocationResult {
        let ending = child.waitUntilExit()
        // Lambda's own words; it has none for a status of 0.
        let message =
            ending == .exit(0)
            ? "Runtime exited without providing a reason"
            : "Runtime exited with error: \(ending.map(\.description) ?? "unknown")"
        journal.write(definition.name, "RequestId: \(invocation.requestId) Error: \(message)")
        return .failed(invocation.requestId, "Runtime.ExitError", message)
    }

    /// What Lambda sets (the reserved variables), under what the function's own configuration says.
    private static func environment(
        _ definition: FunctionDefinition, _ program: String, _ own: [String: String], _ api: RuntimeAPI
    ) -> [String: String] {
        let taskRoot = (program as NSString).deletingLastPathComponent
        let platform = [
            "_HANDLER": "bootstrap",
            "AWS_ACCESS_KEY_ID": LocalAccount.accessKeyId,
            "AWS_DEFAULT_REGION": LocalAccount.region,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": String(definition.memory),
            "AWS_LAMBDA_FUNCTION_NAME": definition.functionName,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/\(definition.functionName)",
            "AWS_LAMBDA_LOG_STREAM_NAME": "local/[$LATEST]\(UUID().uuidString.lowercased())",
            "AWS_LAMBDA_RUNTIME_API": api.address,
            "AWS_REGION": LocalAccount.region,
            "AWS_SECRET_ACCESS_KEY": LocalAccount.secretAccessKey,
            "AWS_SESSION_TOKEN": LocalAccount.sessionToken,
            "LAMBDA_RUNTIME_DIR": "/var/runtime",
            "LAMBDA_TASK_ROOT": taskRoot,
            "LANG": "en_US.UTF-8",
            "PATH": "/usr/local/bin:/usr/bin:/bin:/opt/bin",
            "TZ": "UTC",
        ]
        return platform.merging(own) { $1 }
    }
}
