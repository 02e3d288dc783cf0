import Basics
import Foundation

/// One execution environment of a function: a process, and the Runtime API that it talks to. Takes one event at a time.
final class Sandbox: Sendable {
    /// The time that Lambda gives a program until its first `next`.
    private static let initLimit: TimeInterval = 10

    private let definition: FunctionDefinition
    private let api: RuntimeAPI
    private let child: ChildProcess
    private let journal: Journal
    private let proxy: ProcessProxy?

    /// Starts the program. When it ends, the sandbox cannot be reused.
    init(
        _ definition: FunctionDefinition, program: String, environment: [String: String], journal: Journal,
        faultProxy: FaultProxy? = nil
    ) throws {
        let api = try RuntimeAPI(definition)
        let proxy = try faultProxy.map { try ProcessProxy($0, program: definition.name) }
        let environment = proxy?.redirect(environment) ?? environment
        self.definition = definition
        self.api = api
        self.journal = journal
        self.proxy = proxy
        do {
            child = try ChildProcess.start(
                program, environment: Self.environment(definition, program, environment, api),
                onLine: { journal.write(definition.name, $0) }, onExit: { _ in api.close() })
            proxy?.attach(to: child)
        } catch {
            api.close()
            proxy?.close()
            throw error
        }
    }

    /// Runs the program on one event. Returns nil when a warm process has ended before it took the event; another
    /// process must run it then.
    func run(_ invocation: Invocation, timeout: TimeInterval) -> InvocationResult? {
        proxy?.beginRun(invocation.payload)
        defer { proxy?.endRun() }
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
                return .failed(invocation.requestId, "Sandbox.Timedout", "The program did not ask for an event.")
            }
            return wasInitialised ? nil : exited(invocation)
        }
    }

    /// Kills the process and waits until it is gone.
    func stop() {
        child.kill()
        child.waitUntilExit()
        api.close()
        proxy?.close()
    }

    var processID: pid_t { child.pid }
    var isAlive: Bool { child.waitUntilExit(until: Date()) == nil }

    private func outcome(of invocation: Invocation, by deadline: Timestamp?, timeout: TimeInterval) -> InvocationResult
    {
        if let result = api.result(by: deadline) { return result }
        let isTimeUp = deadline.map { $0 <= .now() } == true && isAlive
        stop()
        guard isTimeUp else { return exited(invocation) }
        let message = "Task timed out after \(String(format: "%.2f", timeout)) seconds"
        journal.write(definition.name, "\(invocation.requestId) \(message)")
        return .failed(invocation.requestId, "Sandbox.Timedout", message)
    }

    private func exited(_ invocation: Invocation) -> InvocationResult {
        let termination = child.waitUntilExit()
        // Lambda's own words. It reports no status of 0.
        let message =
            termination == .exit(0)
            ? "Runtime exited without providing a reason"
            : "Runtime exited with error: \(termination.map(\.description) ?? "unknown")"
        journal.write(definition.name, "RequestId: \(invocation.requestId) Error: \(message)")
        return .failed(invocation.requestId, "Runtime.ExitError", message)
    }

    /// The variables that Lambda sets, and over them the function's own.
    private static func environment(
        _ definition: FunctionDefinition, _ program: String, _ own: [String: String], _ api: RuntimeAPI
    ) -> [String: String] {
        let taskRoot = (program as NSString).deletingLastPathComponent
        let platform = [
            "_HANDLER": "bootstrap",
            "AWS_ACCESS_KEY_ID": TestbedAccount.accessKeyId,
            "AWS_DEFAULT_REGION": TestbedAccount.region,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": String(definition.memoryMB),
            "AWS_LAMBDA_FUNCTION_NAME": definition.functionName,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/\(definition.functionName)",
            "AWS_LAMBDA_LOG_STREAM_NAME": "local/[$LATEST]\(UUID().uuidString.lowercased())",
            "AWS_LAMBDA_RUNTIME_API": api.address,
            "AWS_REGION": TestbedAccount.region,
            "AWS_SECRET_ACCESS_KEY": TestbedAccount.secretAccessKey,
            "AWS_SESSION_TOKEN": TestbedAccount.sessionToken,
            "LAMBDA_RUNTIME_DIR": "/var/runtime",
            "LAMBDA_TASK_ROOT": taskRoot,
            "LANG": "en_US.UTF-8",
            "PATH": "/usr/local/bin:/usr/bin:/bin:/opt/bin",
            "TZ": "UTC",
        ]
        return platform.merging(own) { $1 }
    }
}
