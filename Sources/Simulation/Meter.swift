import Basics
import HTTP
import JSON

/// What an episode measures.
struct Meter {
    /// Runs of provision-order at work.
    private(set) var runs = 0
    private(set) var mostRuns = 0
    var callsAtWHMCS = 0 {
        didSet { mostCallsAtWHMCS = max(mostCallsAtWHMCS, callsAtWHMCS) }
    }
    private(set) var mostCallsAtWHMCS = 0
    /// Program → events that the order bus has taken from it.
    private(set) var events: [String: Int] = [:]
    /// Of runs that met no fault and provisioned an order from its start to its end.
    private(set) var runTimes: [Milliseconds] = []

    mutating func begins(_ execution: Execution) {
        guard execution.program == "provision-order" else { return }
        runs += 1
        mostRuns = max(mostRuns, runs)
    }

    mutating func ends(_ execution: Execution, at now: Timestamp) {
        guard execution.program == "provision-order" else { return }
        runs -= 1
        if execution.addsOrder, !execution.isDisturbed, !execution.isKilled {
            runTimes.append(now - execution.startedAt)
        }
    }

    mutating func count(_ call: OutboundCall, of program: String, _ response: Response) {
        guard call.service == .events, let answer = JSON(response.body) else { return }
        let entries = answer["Entries"]?.array?.count ?? 0
        events[program, default: 0] += entries - (answer["FailedEntryCount"]?.integer ?? 0)
    }
}
