import AWS
import Foundation
import HTTP
import JSON

/// `testbed invoke` runs one function on one event.
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

    /// Prints the function's answer. Returns true when the function succeeded.
    public func run() throws -> Bool {
        let event = try event()
        if let running = TestbedAddresses.read(in: projectRoot), running.isAnswering {
            let answer = try invoke(event, at: running.lambda)
            return show(answer.body, failed: answer.header("X-Amz-Function-Error") != nil || answer.status != 200)
        }
        note("No testbed is running: starting a temporary one.")
        var configuration = TestbedConfiguration(projectRoot: projectRoot, programs: programs)
        configuration.gatewayPort = 0
        configuration.runsSchedules = false
        configuration.echo = { [note] line in note("\(line.source) | \(line.text)") }
        let testbed = try RunningTestbed.start(configuration)
        defer { testbed.stop() }
        let result = try testbed.invoke(function, event)
        return show(result.payload, failed: result.errorType != nil)
    }

    private func event() throws(TestbedFailure) -> JSON {
        guard let data = FileManager.default.contents(atPath: file) else {
            throw TestbedFailure("\(file) cannot be read.")
        }
        guard let event = JSON([UInt8](data)) else { throw TestbedFailure("\(file) is not JSON.") }
        return asIs ? event : RecordedRequest.renewed(event) ?? event
    }

    private func invoke(_ event: JSON, at lambda: String) throws(TestbedFailure) -> Response {
        try TestbedClient().send(
            Request(
                "POST", "\(lambda)/2015-03-31/functions/\(function)/invocations",
                // The testbed checks only that there is a signature.
                headers: [Header("Content-Type", "application/json"), Header("Authorization", "local")],
                body: event.bytes, timeout: 900_000, isIdempotent: false))
    }

    private func show(_ payload: [UInt8], failed: Bool) -> Bool {
        print(String(decoding: payload, as: UTF8.self))
        return !failed
    }
}
