import AWS
import Foundation
import JSON

/// Everything around the five functions, on loopback: AWS, Lambda, API Gateway, Salesforce and WHMCS.
///
/// Nothing outlives it: `stop()`, or the end of this process, ends every process it started.
public final class Stack: Sendable {
    public let journal: Journal
    public let salesforce: SalesforceSimulator
    public let whmcs: WHMCSSimulator
    public let resources: Resources
    public let addresses: Addresses
    /// What an AWS client needs to reach this stack: `AWS.Account(stack.environment)`.
    public let environment: [String: String]

    private let targets: [InvokeAPI.Target]
    private let clockworks: [Clockwork]
    private let deliveries: Monitor<[TapLine.Delivery]>
    private let ending: Ending

    /// Starts everything, and returns when a request would be answered. Throws `Stack.Failure`.
    public static func start(_ configuration: Configuration) throws -> Stack {
        let ending = Ending()
        do {
            return try Stack(configuration, ending)
        } catch {
            ending.run()
            throw error as? Failure ?? Failure("\(error)")
        }
    }

    private init(_ configuration: Configuration, _ ending: Ending) throws {
        let journal = Journal(echo: configuration.echo)
        let virtualEnvironment = configuration.projectRoot + "/.local/venv"
        guard FileManager.default.isExecutableFile(atPath: virtualEnvironment + "/bin/moto_server") else {
            throw Failure("\(virtualEnvironment) has no moto_server: run ./deploy/try, which installs it.")
        }

        // moto takes a second to start; all that does not need it happens meanwhile.
        let moto = try Moto(
            projectRoot: configuration.projectRoot, virtualEnvironment: virtualEnvironment, journal: journal)
        ending.add { moto.stop() }
        let key = try LocalSecrets.KeyPair.generate()
        salesforce = try SalesforceSimulator(
            jwtPublicKeyPEM: key.publicKeyPEM, clientId: LocalSecrets.sfClientId,
            username: LocalSecrets.sfUsername, clientSecret: LocalSecrets.sfClientSecret)
        ending.add { [salesforce] in salesforce.stop() }
        whmcs = try WHMCSSimulator(identifier: LocalSecrets.whmcsIdentifier, secret: LocalSecrets.whmcsSecret)
        ending.add { [whmcs] in whmcs.stop() }
        resources = try Resources.make(
            configuration, virtualEnvironment: virtualEnvironment, endpoint: moto.url,
            parameters: Self.parameters(salesforce, whmcs))
        try moto.waitUntilReady(journal: journal)
        try Self.checkPrograms(resources, configuration)

        // The Invoke API has to be there before the functions that are told its address.
        let invokeAPI = Monitor<InvokeAPI?>(nil)
        let lambda = try LoopbackServer { request in
            invokeAPI.wait(until: Date(timeIntervalSinceNow: 1)) { $0 }?.answer(request) ?? .answer(status: 503)
        }
        ending.add { lambda.stop() }
        let environment = LocalAccount.environment(endpoint: moto.url, lambda: lambda.url)
        try LocalSecrets.put(key, to: AWS.Account(environment))

        configuration.interposer?.stand(
            before: [.aws: moto.url, .lambda: lambda.url, .salesforce: salesforce.url, .whmcs: whmcs.url])
        let targets = resources.functions.map { Self.target($0, configuration, environment, journal) }
        invokeAPI.with { $0 = InvokeAPI(targets: targets) }
        let functions = targets.map(\.function)
        let gateway = try Self.gateway(functions, configuration, journal)
        let deliveries = Monitor<[TapLine.Delivery]>([])
        let taps = targets.flatMap { target in
            target.function.definition.taps.map { tap in
                TapLine(tap, to: target, account: AWS.Account(environment), journal: journal) { delivery in
                    deliveries.with { $0.append(delivery) }
                }
            }
        }
        clockworks = targets.flatMap { target in
            target.function.definition.schedules.map { Clockwork($0, for: target) }
        }
        if configuration.runsSchedules { clockworks.forEach { $0.start() } }

        // From the last to the first: nothing new comes in, what runs is killed, and only then goes what it talks to.
        ending.add { taps.forEach { $0.waitUntilStopped() } }
        ending.add { moto.stop() }
        ending.add { gateway.stop() }
        ending.add { targets.forEach { $0.function.stop() } }
        ending.add { targets.forEach { $0.events.stop() } }
        ending.add { taps.forEach { $0.stop() } }
        ending.add { [clockworks] in clockworks.forEach { $0.stop() } }

        self.journal = journal
        self.environment = environment
        self.targets = targets
        self.deliveries = deliveries
        self.ending = ending
        addresses = Addresses(
            gateway: gateway.url, lambda: lambda.url, aws: moto.url, salesforce: salesforce.url, whmcs: whmcs.url)
    }

    deinit {
        ending.run()
    }

    /// Ends everything, and waits until it has ended. Harmless when called again.
    public func stop() {
        ending.run()
    }

    // MARK: Using it

    /// The function of that program.
    public func function(_ name: String) throws(Failure) -> LambdaFunction {
        try target(name).function
    }

    /// Runs a function on an event and waits for its answer.
    public func invoke(_ name: String, _ event: JSON) throws -> InvocationResult {
        try target(name).function.invoke(event.bytes)
    }

    /// Gives a function an event as another AWS service does: accepted at once, retried, dead-lettered.
    public func send(_ event: JSON, to name: String) throws(Failure) {
        try target(name).events.accept(event.bytes)
    }

    /// Puts an event on a bus; the order bus when none is named. Rules take it from there.
    public func putEvent(source: String, detailType: String, detail: JSON, bus: String? = nil) throws {
        let bus = EventBus(bus ?? resources.eventBus, AWS.Account(environment), .live())
        if let failure = bus.put(source: source, detailType: detailType, details: [detail]).failure { throw failure }
    }

    /// Ends every process that has nothing to do, so that the next event meets a cold start.
    public func retireIdleProcesses() {
        targets.forEach { $0.function.retireIdle() }
    }

    /// Whether no function is at work and no asynchronous event waits for another try.
    public var isIdle: Bool { targets.allSatisfy { $0.function.isIdle && $0.events.isIdle } }

    /// Fires the function's schedules now.
    public func fireSchedules(of name: String) throws(Failure) {
        let names = try target(name).function.definition.schedules.map(\.name)
        clockworks.filter { names.contains($0.schedule.name) }.forEach { $0.fire() }
    }

    /// The events that rules have brought to the function so far, oldest first.
    public func eventsDelivered(to name: String) -> [JSON] {
        deliveries.with { $0 }.filter { $0.function == name }.map(\.event)
    }

    /// Takes what lies in an SQS queue of this stack: a dead-letter queue, say.
    public func drain(queue url: String) throws -> [JSON] {
        let queue = Queue(url, AWS.Account(environment), .live())
        var bodies: [JSON] = []
        while true {
            let messages = try queue.receive(waiting: 0)
            if messages.isEmpty { return bodies }
            for message in messages {
                bodies.append(JSON(message.body) ?? .null)
                try queue.delete(message)
            }
        }
    }

    private func target(_ name: String) throws(Failure) -> InvokeAPI.Target {
        guard let target = InvokeAPI(targets: targets).target(name) else {
            let names = targets.map(\.function.definition.name).joined(separator: ", ")
            throw Failure("There is no function \(name); there are \(names).")
        }
        return target
    }
}

// MARK: The parts

extension Stack {
    /// The event source of events/platform-event.json.
    public static let salesforceEventSource = "aws.partner/salesforce.com/00Dxx0000000001EAA/0YLxx0000000001GAA"

    /// What the template asks its deployer for.
    private static func parameters(_ salesforce: SalesforceSimulator, _ whmcs: WHMCSSimulator) -> [String: String] {
        [
            "SalesforceEventSource": salesforceEventSource,
            "SfClientId": LocalSecrets.sfClientId,
            "SfLoginUrl": salesforce.url,
            "SfUsername": LocalSecrets.sfUsername,
            "WhmcsApiUrl": whmcs.apiURL,
            "WhmcsPaymentMethod": "stripe",
        ]
    }

    private static func checkPrograms(_ resources: Resources, _ configuration: Configuration) throws(Failure) {
        let missing = resources.functions.map(\.name).filter {
            !FileManager.default.isExecutableFile(atPath: "\(configuration.programs)/\($0)")
        }
        guard missing.isEmpty else {
            throw Failure(
                "Not built: \(missing.joined(separator: ", ")) in \(configuration.programs). Run swift build.")
        }
    }

    private static func target(
        _ definition: FunctionDefinition, _ configuration: Configuration, _ account: [String: String],
        _ journal: Journal
    ) -> InvokeAPI.Target {
        var definition = definition
        definition.timeout = configuration.timeouts[definition.name] ?? definition.timeout
        let own = definition.environment.merging(configuration.environment[definition.name] ?? [:]) { $1 }
        let function = LambdaFunction(
            definition, program: "\(configuration.programs)/\(definition.name)",
            environment: account.merging(own) { $1 }, journal: journal,
            interposer: configuration.interposer)
        let events = AsyncEvents(function, timeScale: configuration.timeScale, journal: journal) { queue, body in
            try Queue(queue, AWS.Account(account), .live()).send(body)
        }
        return InvokeAPI.Target(function: function, events: events)
    }

    private static func gateway(
        _ functions: [LambdaFunction], _ configuration: Configuration, _ journal: Journal
    ) throws(Failure) -> Gateway {
        do {
            return try Gateway(
                functions, port: configuration.gatewayPort, limits: configuration.gatewayLimits, journal: journal)
        } catch {
            let port = configuration.gatewayPort
            throw Failure("Port \(port) on 127.0.0.1 can't be had (\(error)): free it, or choose another port.")
        }
    }
}

/// What has to be done at the end, last first; once.
private final class Ending: Sendable {
    private let steps = Monitor<[@Sendable () -> Void]>([])

    func add(_ step: @escaping @Sendable () -> Void) {
        steps.with { $0.append(step) }
    }

    func run() {
        while let step = steps.with({ $0.popLast() }) { step() }
    }
}
