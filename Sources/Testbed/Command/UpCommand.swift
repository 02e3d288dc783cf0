import Foundation

/// `testbed up`: runs until it is told to stop.
public struct UpCommand {
    public var projectRoot: String
    public var programs: String
    public var port: UInt16
    public var print: @Sendable (String) -> Void

    public init(
        projectRoot: String, programs: String, port: UInt16, print: @escaping @Sendable (String) -> Void
    ) {
        self.projectRoot = projectRoot
        self.programs = programs
        self.port = port
        self.print = print
    }

    public func run() throws {
        let signals = Signals()
        if let running = Stack.Addresses.read(in: projectRoot), running.answers {
            throw Stack.Failure("A stack is running already: \(running.gateway). End it with Ctrl-C where it runs.")
        }
        var configuration = Stack.Configuration(projectRoot: projectRoot, programs: programs)
        configuration.gatewayPort = port
        configuration.echo = { [print] line in print("\(line.source) | \(line.text)") }
        let stack = try Stack.start(configuration)
        defer { stack.stop() }
        try stack.addresses.write(in: projectRoot)
        defer { Stack.Addresses.remove(in: projectRoot) }
        // Who waits for these words finds the file.
        announce(stack)
        signals.wait()
        print("Stopping.")
    }

    private func announce(_ stack: Stack) {
        let addresses = stack.addresses
        var lines = [
            "The testbed is up. Ctrl-C ends it and all it has started; nothing is kept.", "",
            "  API Gateway   \(addresses.gateway)",
        ]
        for definition in stack.resources.functions {
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

extension Stack.Addresses {
    /// Whether it is still there; the file may be that of a stack that was killed.
    var answers: Bool {
        HTTPCall().get(lambda + "/")?.status == 404
    }
}

/// SIGINT and SIGTERM as something to wait for, from the moment this is made.
private final class Signals: Sendable {
    private let set: sigset_t

    init() {
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGINT)
        sigaddset(&set, SIGTERM)
        // Before any thread is started, so that all inherit it and the signal waits for `wait`.
        pthread_sigmask(SIG_BLOCK, &set, nil)
        self.set = set
    }

    func wait() {
        var set = set
        var signal: Int32 = 0
        sigwait(&set, &signal)
    }
}
