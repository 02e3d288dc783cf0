import AWS
import HTTP
import Lambda

/// What every program of the suite does at its start: read its settings, tell all faults of them at once, build.
public enum Program {
    /// Runs a function on Lambda.
    ///
    /// - Parameters:
    ///   - settings: reads the program's own variables.
    ///   - build: makes the handler from them.
    public static func run<Settings>(
        _ settings: (inout Environment) -> Settings,
        _ build: (Settings, Account, HTTP.Client, Log) throws -> Runtime.Handler
    ) -> Never {
        Runtime.run { environment, log in
            var environment = environment
            let settings = settings(&environment)
            let account = Account(environment.values)
            for name in account.missing { environment.fault(name, "is not set") }
            try environment.check()
            return try build(settings, account, HTTP.Client.live(), log)
        }
    }
}
