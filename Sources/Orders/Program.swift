import AWS
import Basics
import HTTP
import JSON
import Lambda

// Each `main.swift` calls its program.
public func verifySignature() -> Never { Webhook.run() }
public func provisionOrder() -> Never { Provisioning.run() }
public func refreshSalesforceToken() -> Never { TokenRefresh.run() }
public func recoverOrders() -> Never { Recovery.run() }
public func orderStatus() -> Never { OrderStatus.run() }

/// One of the five programs: built once in a process, it handles event after event.
protocol Program {
    associatedtype Settings: ProgramSettings

    static var name: String { get }
    var context: ProgramContext<Settings> { get }

    init(context: ProgramContext<Settings>)

    /// Fetches what the first event needs in one round of calls: the parameters it will read, and connections to where
    /// it will go.
    ///
    /// - Throws: `AWSFailure` when a parameter cannot be read now; the first event reads it again. Any other error is a
    ///   configuration error, and the program does not start.
    func warmUp(_ http: HTTPClient) throws

    func handle(_ invocation: Invocation) throws -> [UInt8]
}

/// A program's own variables. Reading them notes every invalid or missing one in the environment.
protocol ProgramSettings: Sendable {
    init(_ environment: inout Environment)
}

/// What every program works with.
struct ProgramContext<Settings: ProgramSettings> {
    let settings: Settings
    let account: Account
    let http: HTTPClient
    let log: Log
    /// Of the init phase and of the event at work.
    let metrics: Metrics
    /// The parameters that the program has read.
    let parameters: ParameterCache

    init(settings: Settings, account: Account, http: HTTPClient, log: Log, metrics: Metrics) {
        self.settings = settings
        self.account = account
        self.http = http.measured(by: metrics)
        self.log = log
        self.metrics = metrics
        parameters = ParameterCache { failure in
            log.warn("Parameter Store failed; using the last values", ["error": .string("\(failure)")])
        }
    }
}

extension Program {
    /// Runs the program on Lambda.
    static func run() -> Never {
        Runtime.run { environment, http, log in try start(environment, http, log).respond }
    }

    /// Handles an event, and writes its metrics, also when it fails.
    func respond(to invocation: Invocation) throws -> [UInt8] {
        defer {
            context.metrics.write(
                to: context.log.with(["requestId": .string(invocation.requestID)]), now: context.http.now())
        }
        return try handle(invocation)
    }

    /// Lambda's init phase: reads the settings, reports all their faults in one error, builds the program, warms it up.
    static func start(_ environment: Environment, _ http: HTTPClient, _ log: Log) throws -> Self {
        let began = http.now()
        var environment = environment
        let settings = Settings(&environment)
        let metrics = Metrics(stack: environment.text("STACK_NAME"))
        let account = Account(environment.values)
        for name in account.missing { environment.fault(name, "is not set") }
        for name in account.foreignEndpoints {
            environment.fault(name, "must be an https URL of AWS's own (amazonaws.com), or loopback")
        }
        try environment.check()
        let program = Self(
            context: ProgramContext(settings: settings, account: account, http: http, log: log, metrics: metrics))
        do {
            // Lambda allows the phase 10 s, and restarts the process after them.
            try program.warmUp(http.until(http.now() + 3_000))
        } catch let failure as AWSFailure {
            log.warn("parameters not readable at init", ["error": .string("\(failure)")])
        }
        metrics.add(.initTime, http.now() - began, ["Program": name])
        return program
    }
}

extension ProgramContext {
    func table(_ name: String, _ http: HTTPClient) -> Table { Table(name, account, http) }
    func bus(_ name: String, _ http: HTTPClient) -> EventBus { EventBus(name, account, http) }
    func queue(_ url: String, _ http: HTTPClient) -> Queue { Queue(url, account, http) }
    func parameterStore(_ http: HTTPClient) -> ParameterStore { ParameterStore(account, http) }
}
