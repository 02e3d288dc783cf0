import Foundation

/// `testbed up` runs a testbed until SIGINT or SIGTERM.
public struct UpCommand {
    public var projectRoot: String
    public var programs: String
    public var port: UInt16
    public var speed: Int
    public var print: @Sendable (String) -> Void

    public init(
        projectRoot: String, programs: String, port: UInt16, speed: Int,
        print: @escaping @Sendable (String) -> Void
    ) {
        self.projectRoot = projectRoot
        self.programs = programs
        self.port = port
        self.speed = speed
        self.print = print
    }

    public func run() throws {
        let signals = Signals()
        if let running = TestbedAddresses.read(in: projectRoot), running.isAnswering {
            throw TestbedFailure(
                "A testbed is already running at \(running.gateway). Stop it with Ctrl-C where it runs.")
        }
        var configuration = TestbedConfiguration(projectRoot: projectRoot, programs: programs)
        configuration.gatewayPort = port
        configuration.timeScale = 1 / Double(speed)
        if speed > 1 {
            // A killed run keeps its order for as long as it might have taken.
            configuration.timeoutSeconds["provision-order"] = max(4, 120 / speed)
            configuration.parameters["RetryDelay"] = String(max(1, 30 / speed))
        }
        configuration.echo = { [print] line in print("\(line.source) | \(line.text)") }
        let testbed = try RunningTestbed.start(configuration)
        defer { testbed.stop() }
        try testbed.addresses.write(in: projectRoot)
        defer { TestbedAddresses.remove(in: projectRoot) }
        // After the file is written: scripts wait for this text, and then read the file.
        announce(testbed)
        signals.wait()
        print("Stopping.")
    }

    private func announce(_ testbed: RunningTestbed) {
        let addresses = testbed.addresses
        var lines = [
            "The testbed is up. Ctrl-C stops it and everything that it started; nothing is kept.", "",
            "  Watch it      \(addresses.gateway)/",
            "  API Gateway   \(addresses.gateway)",
        ]
        for definition in testbed.resources.functions {
            for route in definition.routes {
                lines.append("                \(route.method) \(route.path) → \(definition.name)")
            }
        }
        lines += [
            "  Salesforce    \(addresses.salesforce)/_simulator/state",
            "  WHMCS         \(addresses.whmcs)/_simulator/state",
            "  AWS (moto)    \(addresses.aws)",
            "  Lambda        \(addresses.lambda)", "",
            "  Send an order: deploy/testbed fulfill \(Seed.order)", "",
        ]
        lines.forEach(print)
    }
}

/// Blocks SIGINT and SIGTERM from its creation on, so that `wait` receives them.
private final class Signals: Sendable {
    private let set: sigset_t

    init() {
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGINT)
        sigaddset(&set, SIGTERM)
        // Before any thread starts, because threads inherit the mask.
        pthread_sigmask(SIG_BLOCK, &set, nil)
        self.set = set
    }

    func wait() {
        var set = set
        var signal: Int32 = 0
        sigwait(&set, &signal)
    }
}
