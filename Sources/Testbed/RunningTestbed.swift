import AWS
import Foundation
import JSON

/// Everything around the functions, on loopback: AWS, Lambda, API Gateway, Salesforce and WHMCS.
///
/// Nothing outlives it: `stop()`, or the end of this process, ends every process it started.
public final class RunningTestbed: Sendable {
    /// The event source of events/platform-event.json.
    public static let salesforceEventSource = "aws.partner/salesforce.com/00Dxx0000000001EAA/0YLxx0000000001GAA"

    public let journal: Journal
    public let salesforce: SalesforceSimulator
    public let whmcs: WHMCSSimulator
    public let resources: TemplateResources
    public let addresses: TestbedAddresses
    /// The variables that an AWS client reads: `AWS.Account(testbed.environment)`.
    public let environment: [String: String]

    private let functions: [HostedFunction]
    private let timers: [ScheduleTimer]
    private let mappings: [EventSourceMapping]
    private let teardown: Teardown

    /// Starts everything, and returns when the gateway would answer. Throws `TestbedFailure`.
    public static func start(_ configuration: TestbedConfiguration) throws -> RunningTestbed {
        let teardown = Teardown()
        do {
            return try RunningTestbed(configuration, teardown)
        } catch {
            teardown.run()
            throw error as? TestbedFailure ?? TestbedFailure("\(error)")
        }
    }

    private init(_ configuration: TestbedConfiguration, _ teardown: Teardown) throws {
        let journal = Journal(echo: configuration.echo)
        let virtualEnvironment = configuration.projectRoot + "/.local/venv"
        let python = virtualEnvironment + "/bin/python"
        guard FileManager.default.isExecutableFile(atPath: virtualEnvironment + "/bin/moto_server") else {
            throw TestbedFailure("\(virtualEnvironment) has no moto_server: run deploy/try, which installs it.")
        }

        // moto starts in a second. Whatever does not need it runs meanwhile.
        let moto = try MotoServer(projectRoot: configuration.projectRoot, python: python, journal: journal)
        teardown.add { moto.stop() }
        let key = try TestbedSecrets.KeyPair.generate()
        salesforce = try SalesforceSimulator(
            app: .init(
                clientId: TestbedSecrets.salesforceClientId, username: TestbedSecrets.salesforceUsername,
                jwtPublicKeyPEM: key.publicKeyPEM, clientSecret: TestbedSecrets.salesforceClientSecret))
        teardown.add { [salesforce] in salesforce.stop() }
        whmcs = try WHMCSSimulator(identifier: TestbedSecrets.whmcsIdentifier, secret: TestbedSecrets.whmcsSecret)
        teardown.add { [whmcs] in whmcs.stop() }
        let resources = try TemplateResources.create(
            configuration, python: python, endpoint: moto.url, parameters: Self.parameters(salesforce, whmcs))
        try moto.waitUntilReady()
        try Self.checkPrograms(of: resources, configuration)

        // The functions need the Invoke API's address, and the Invoke API needs the functions.
        let invokeAPI = Monitor<InvokeAPI?>(nil)
        let lambda = try LoopbackServer { request in
            invokeAPI.wait(until: Date(timeIntervalSinceNow: 1)) { $0 }?.answer(request) ?? .answer(status: 503)
        }
        teardown.add { lambda.stop() }
        let environment = TestbedAccount.environment(endpoint: moto.url, lambda: lambda.url)
        let account = AWS.Account(environment)
        try TestbedSecrets.store(key, for: resources, in: account)

        configuration.faultProxy?.forward(
            to: [.aws: moto.url, .lambda: lambda.url, .salesforce: salesforce.url, .whmcs: whmcs.url])
        let functions = resources.functions.map { Self.host($0, configuration, environment, journal) }
        invokeAPI.with { $0 = InvokeAPI(functions: functions) }
        // The page needs the gateway's address, and the gateway needs the page.
        let page = Monitor<WatchPage?>(nil)
        let gateway = try Self.gateway(functions.map(\.lambda), configuration, journal) { request in
            page.wait(until: Date(timeIntervalSinceNow: 1)) { $0 }?.answer(request)
        }
        let watchPage = WatchPage(
            directory: configuration.projectRoot + "/deploy/watch", gateway: gateway.url, account: account,
            resources: resources, functions: functions, salesforce: salesforce, whmcs: whmcs, journal: journal,
            queues: try WatchQueue.all(account), faults: WatchFaults(salesforce, whmcs))
        page.with { $0 = watchPage }
        mappings = functions.flatMap { function in
            function.definition.queueMappings.map {
                EventSourceMapping(
                    $0, of: function.lambda, account: account, timeScale: configuration.timeScale, journal: journal)
            }
        }
        let pollers =
            functions.flatMap { function in
                function.definition.ruleQueues.map {
                    QueuePoller(rule: $0, of: function, account: account, journal: journal)
                }
            } + mappings.map { $0.start() }
        timers = functions.flatMap { function in
            function.definition.schedules.map {
                ScheduleTimer($0, of: function, timeScale: configuration.timeScale)
            }
        }
        if configuration.runsSchedules { timers.forEach { $0.start() } }

        // Runs from the last step to the first: no new events come in, then the programs are killed, then everything
        // that they talk to ends.
        teardown.add { pollers.forEach { $0.waitUntilStopped() } }
        teardown.add { moto.stop() }
        teardown.add { gateway.stop() }
        teardown.add { functions.forEach { $0.lambda.stop() } }
        teardown.add { functions.forEach { $0.asyncInvoker.stop() } }
        teardown.add { pollers.forEach { $0.stop() } }
        teardown.add { [timers] in timers.forEach { $0.stop() } }

        self.journal = journal
        self.resources = resources
        self.environment = environment
        self.functions = functions
        self.teardown = teardown
        addresses = TestbedAddresses(
            gateway: gateway.url, lambda: lambda.url, aws: moto.url, salesforce: salesforce.url, whmcs: whmcs.url,
            accessTokenParameter: try resources.value(of: "SF_ACCESS_TOKEN_PARAMETER"))
    }

    deinit {
        teardown.run()
    }

    /// Ends everything, and returns when it has ended. Harmless when called again.
    public func stop() {
        teardown.run()
    }

    // MARK: Use

    /// The function of that program.
    public func function(_ name: String) throws(TestbedFailure) -> LambdaFunction {
        try hosted(name).lambda
    }

    /// Runs a function on an event, and returns its answer.
    public func invoke(_ name: String, _ event: JSON) throws -> InvocationResult {
        try hosted(name).lambda.invoke(event.bytes)
    }

    /// Gives a function an event as other AWS services do: Lambda accepts it at once, and retries or dead-letters it.
    public func send(_ event: JSON, to name: String) throws(TestbedFailure) {
        try hosted(name).asyncInvoker.accept(event.bytes)
    }

    /// Puts an event on a bus, the order bus when none is given. The rules take it from there.
    public func putEvent(source: String, detailType: String, detail: JSON, bus: String? = nil) throws {
        let bus = EventBus(bus ?? resources.eventBus, AWS.Account(environment), .live())
        if let failure = bus.put(source: source, detailType: detailType, details: [detail]).failure { throw failure }
    }

    /// Delivers a platform event as Event Relay does.
    public func relay(_ event: PlatformEvent) throws {
        if let failure = event.publish(AWS.Account(environment)) { throw failure }
    }

    /// Ends every process that is not at work, so that the next event meets a cold start.
    public func retireIdleProcesses() {
        functions.forEach { $0.lambda.retireIdle() }
    }

    /// Whether no function is at work, and neither an asynchronous event nor a message waits for another attempt.
    public var isIdle: Bool {
        functions.allSatisfy { $0.lambda.isIdle && $0.asyncInvoker.isIdle } && mappings.allSatisfy(\.isIdle)
    }

    /// Fires the function's schedules now.
    func fireSchedules(of name: String) throws(TestbedFailure) {
        let names = try hosted(name).definition.schedules.map(\.name)
        timers.filter { names.contains($0.schedule.name) }.forEach { $0.fire() }
    }

    /// Fires every schedule of all functions that is due at that minute, counted from the start of the schedules.
    public func fireSchedules(atMinute minute: Int) {
        timers.filter { minute * 60 % Int($0.schedule.seconds) == 0 }.forEach { $0.fire() }
    }

    /// Takes all messages from an SQS queue, such as a dead-letter queue.
    public func drain(queue url: String) throws -> [JSON] {
        let queue = SQSQueue(url, AWS.Account(environment), .live())
        var bodies: [JSON] = []
        while true {
            let messages = try queue.receive(waiting: 0)
            if messages.isEmpty { return bodies }
            for message in messages {
                bodies.append(JSON(Array(message.body.utf8)) ?? .null)
                try queue.delete(message)
            }
        }
    }

    private func hosted(_ name: String) throws(TestbedFailure) -> HostedFunction {
        guard let function = InvokeAPI(functions: functions).function(name) else {
            let names = functions.map(\.definition.name).joined(separator: ", ")
            throw TestbedFailure("There is no function \(name); there are \(names).")
        }
        return function
    }
}

// MARK: Parts

extension RunningTestbed {
    /// The template parameters without a default, and those that point to the simulators.
    private static func parameters(_ salesforce: SalesforceSimulator, _ whmcs: WHMCSSimulator) -> [String: String] {
        [
            "SalesforceEventSource": salesforceEventSource,
            "SfClientId": TestbedSecrets.salesforceClientId,
            "SfLoginUrl": salesforce.url,
            "SfProvisionableStatuses": "Approved",
            "SfUsername": TestbedSecrets.salesforceUsername,
            "WhmcsApiUrl": whmcs.apiURL,
            "WhmcsPaymentMethod": "stripe",
        ]
    }

    private static func checkPrograms(
        of resources: TemplateResources, _ configuration: TestbedConfiguration
    ) throws(TestbedFailure) {
        let missing = resources.functions.map(\.name).filter {
            !FileManager.default.isExecutableFile(atPath: "\(configuration.programs)/\($0)")
        }
        guard missing.isEmpty else {
            throw TestbedFailure(
                "Not built: \(missing.joined(separator: ", ")) in \(configuration.programs). Run swift build.")
        }
    }

    private static func host(
        _ definition: FunctionDefinition, _ configuration: TestbedConfiguration, _ account: [String: String],
        _ journal: Journal
    ) -> HostedFunction {
        var definition = definition
        definition.timeoutSeconds = configuration.timeoutSeconds[definition.name] ?? definition.timeoutSeconds
        let own = definition.environment.merging(configuration.environment[definition.name] ?? [:]) { $1 }
        let lambda = LambdaFunction(
            definition, program: "\(configuration.programs)/\(definition.name)",
            environment: account.merging(own) { $1 }, journal: journal, faultProxy: configuration.faultProxy)
        let asyncInvoker = AsyncInvoker(lambda, timeScale: configuration.timeScale, journal: journal) { queue, body in
            try SQSQueue(queue, AWS.Account(account), .live()).send(body)
        }
        return HostedFunction(lambda: lambda, asyncInvoker: asyncInvoker)
    }

    private static func gateway(
        _ functions: [LambdaFunction], _ configuration: TestbedConfiguration, _ journal: Journal,
        page: @escaping @Sendable (ServerRequest) -> ServerReply?
    ) throws(TestbedFailure) -> Gateway {
        do {
            return try Gateway(functions, port: configuration.gatewayPort, journal: journal, page: page)
        } catch {
            let port = configuration.gatewayPort
            throw TestbedFailure(
                "The gateway cannot listen on port \(port) of 127.0.0.1 (\(error)): free it, or choose another port.")
        }
    }
}
