import AWS
import Basics
import HTTP
import Lambda

/// One of the suite's five functions: built once in a process, it handles event after event.
public protocol Program {
    associatedtype Settings: ProgramSettings

    init(_ settings: Settings, _ account: Account, _ http: HTTPClient, _ log: Log)

    /// Fetches what the first event needs from outside, in one round: reads the parameters it will read, and opens
    /// connections where it will go, as far as that is known without an answer of the same round.
    ///
    /// - Throws: an `AWSFailure` when a parameter cannot be read now; the first event reads it again. Anything else is
    ///   a fault of the configuration, and the program does not start.
    func warmUp(_ http: HTTPClient) throws

    func handle(_ invocation: Invocation) throws -> [UInt8]
}

/// A program's own variables. Faults are noted in the environment.
public protocol ProgramSettings: Sendable {
    init(_ environment: inout Environment)
}

extension Program {
    /// Runs the program on Lambda.
    public static func run() -> Never {
        Runtime.run { environment, http, log in try start(environment, http, log).handle }
    }

    /// What Lambda calls the init phase: reads the settings, tells all faults of them at once, builds, warms up.
    static func start(_ environment: Environment, _ http: HTTPClient, _ log: Log) throws -> Self {
        var environment = environment
        let settings = Settings(&environment)
        let account = Account(environment.values)
        for name in account.missing { environment.fault(name, "is not set") }
        try environment.check()
        let program = Self(settings, account, http, log)
        do {
            // Lambda gives the phase 10 s, and starts again from the beginning when they are over.
            try program.warmUp(http.until(http.now() + 3_000))
        } catch let failure as AWSFailure {
            log.warn("parameters could not be read yet: \(failure)")
        }
        return program
    }
}
