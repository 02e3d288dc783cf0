import AWS
import HTTP
import Lambda

@testable import Orders

extension Program {
    /// Builds the program without its init phase.
    init(_ settings: Settings, _ account: Account, _ http: HTTPClient, _ log: Log) {
        self.init(
            context: ProgramContext(
                settings: settings, account: account, http: http, log: log, metrics: Metrics(stack: "orders")))
    }
}
