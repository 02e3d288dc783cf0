import Basics
import JSON
import Lambda

/// Runs steps, logs how each ends, and measures them.
struct StepLog {
    let log: Log
    let metrics: Metrics
    let now: () -> Timestamp

    func run<Result>(_ step: Step, _ body: () throws -> Result) throws -> Result {
        let start = now()
        func log(_ outcome: String, _ fields: [String: JSON] = [:]) {
            let common: [String: JSON] = [
                "step": .string(step.rawValue), "outcome": .string(outcome), "milliseconds": .number(now() - start),
            ]
            self.log.info("step", common.merging(fields) { $1 })
            metrics.add(.stepTime, now() - start, ["Step": step.rawValue])
        }
        do {
            let result = try body()
            log("done")
            return result
        } catch {
            let failure = ProvisioningFailure(error)
            log(failure?.isRetryable == true ? "later" : "failed", ["errorCode": .string(failure?.code.rawValue)])
            throw error
        }
    }
}
