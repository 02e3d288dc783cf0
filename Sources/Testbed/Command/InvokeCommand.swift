import AWS
import Foundation
import HTTP
import JSON

/// `testbed invoke`: one function, one event, one answer.
public struct InvokeCommand {
    public var projectRoot: String
    public var programs: String
    public var function: String
    public var file: String
    public var asIs: Bool
    public var print: @Sendable (String) -> Void
    public var note: @Sendable (String) -> Void

    public init(
        projectRoot: String, programs: String, function: String, file: String, asIs: Bool,
        print: @escaping @Sendable (String) -> Void, note: @escaping @Sendable (String) -> Void
    ) {
        self.projectRoot = projectRoot
        self.programs = programs
        self.function = function
        self.file = file
        self.asIs = asIs
        self.print = print
        self.note = note
    }

    /// Prints the function's answer. True when it succeeded.
    public func run() throws -> Bool {
        let event = try event()
        if let running = Stack.Addresses.read(in: projectRoot), running.answers {
            let answer = try invoke(event, at: running.lambda)
            return show(answer.body, failed: answer.header("X-Amz-Function-Error") != nil || answer.status != 200)
        }
        note("No stack is running: starting one for this event.")
        var configuration = Stack.Configuration(projectRoot: projectRoot, programs: programs)
        configuration.gatewayPort = 0
        configuration.runsSchedules = false
        configuration.echo = { [note] line in note("\(line.source) | \(line.text)") }
        let stack = try Stack.start(configuration)
        defer { stack.stop() }
        let result = try stack.invoke(function, event)
        return show(result.payload, failed: result.errorType != nil)
    }

    private func event() throws(Stack.Failure) -> JSON {
        guard let data = FileManager.default.contents(atPath: file) else {
            throw Stack.Failure("\(file) can't be read.")
        }
        guard let event = JSON([UInt8](data)) else { throw Stack.Failure("\(file) is not JSON.") }
        return asIs ? event : RecordedRequest.renewed(event) ?? event
    }

    private func invoke(_ event: JSON, at lambda: String) throws(Stack.Failure) -> Response {
        try HTTPCall().send(
            Request(
                "POST", "\(lambda)/2015-03-31/functions/\(function)/invocations",
                // Whatever it says: the testbed only wants to see that the caller signs.
                headers: [Header("Content-Type", "application/json"), Header("Authorization", "local")],
                body: event.bytes, timeout: 900_000, isIdempotent: false))
    }

    private func show(_ payload: [UInt8], failed: Bool) -> Bool {
        print(String(decoding: payload, as: UTF8.self))
        return !failed
    }
}
