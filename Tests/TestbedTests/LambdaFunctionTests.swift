import Foundation
import JSON
import Testing

@testable import Testbed

@Suite struct LambdaFunctionTests {
    @Test func handsOutTheEventWithLambdasHeadersAndEnvironment() throws {
        let definition = FunctionDefinition(name: "echo", functionName: "stack-echo", timeout: 5, memory: 256)
        let before = Date().milliseconds
        let result = try withFunction(definition, environment: ["LEDGER_TABLE": "ledger"]) {
            try $0.invoke(event(["a": "ä"]), clientContext: #"{"x":1}"#)
        }
        let answer = result.json
        #expect(result.errorType == nil)
        #expect(answer["event"] == ["a": "ä"])
        let headers = answer["headers"]
        #expect(headers?["lambda-runtime-aws-request-id"]?.string == result.requestId)
        #expect(headers?["content-type"]?.string == "application/json")
        #expect(headers?["lambda-runtime-client-context"]?.string == #"{"x":1}"#)
        #expect(headers?["lambda-runtime-cognito-identity"] == nil)
        #expect(
            headers?["lambda-runtime-invoked-function-arn"]?.string
                == "arn:aws:lambda:eu-west-1:123456789012:function:stack-echo")
        #expect(headers?["lambda-runtime-trace-id"]?.string?.hasPrefix("Root=1-") == true)
        let deadline = try #require(headers?["lambda-runtime-deadline-ms"]?.integer)
        #expect((before + 5000...Date().milliseconds + 5000).contains(deadline))
        let environment = answer["environment"]
        #expect(environment?["LEDGER_TABLE"] == "ledger")
        #expect(environment?["AWS_LAMBDA_FUNCTION_NAME"] == "stack-echo")
        #expect(environment?["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "256")
        #expect(environment?["TZ"] == "UTC")
        #expect(environment?["HOME"] == nil)
    }

    @Test func keepsTheProcessWarm() throws {
        try withFunction { function in
            let first = try function.invoke(event(["do": "echo"])).json
            let second = try function.invoke(event(["do": "echo"])).json
            #expect(first["pid"] == second["pid"])
            #expect(second["seen"] == 2)
        }
    }

    @Test(arguments: [
        ("crash", "Runtime exited with error: exit status 9"),
        ("exit-0", "Runtime exited without providing a reason"),
        ("kill", "Runtime exited with error: signal: 11"),
    ])
    func reportsACrashAndStartsAnew(how: String, message: String) throws {
        try withFunction { function in
            let result = try function.invoke(event(["do": .string(how)]))
            #expect(result.errorType == "Runtime.ExitError")
            #expect(result.json["errorMessage"]?.string == "RequestId: \(result.requestId) Error: \(message)")
            #expect(try function.invoke(event(["do": "echo"])).json["seen"] == 1)
        }
    }

    @Test func aProcessThatLeavesBetweenTwoEventsCostsNone() throws {
        try withFunction { function in
            for _ in 0..<3 {
                let result = try function.invoke(event(["do": "leave"]))
                #expect(result.errorType == nil)
                #expect(result.json["seen"] == 1)
            }
        }
    }

    @Test func killsAtTheTimeout() throws {
        let journal = Journal()
        try withFunction(FunctionDefinition(name: "slow", timeout: 1), journal: journal) { function in
            let result = try function.invoke(event(["do": "hang"]))
            #expect(result.errorType == "Sandbox.Timedout")
            #expect(result.json["errorMessage"]?.string?.hasSuffix("Task timed out after 1.00 seconds") == true)
            #expect(function.processCount == 0)
            #expect(journal.lines(of: "slow").first == "event hang")
            #expect(try function.invoke(event(["do": "echo"])).errorType == nil)
        }
    }

    @Test(arguments: [
        ("Function.Refused", "Function.Refused"), ("Refused", "Runtime.Unknown"), ("Function.no", "Function.Unknown"),
    ])
    func passesTheFunctionsErrorOnAndGoesOn(sent: String, recorded: String) throws {
        try withFunction { function in
            let result = try function.invoke(event(["do": "error", "type": .string(sent)]))
            #expect(result.errorType == recorded)
            #expect(result.json == ["errorType": "Function.Refused", "errorMessage": "no"])
            #expect(try function.invoke(event(["do": "echo"])).json["seen"] == 2)
        }
    }

    @Test func reportsAnInitError() throws {
        try withFunction(environment: ["START": "init-error"]) { function in
            let result = try function.invoke(event([:]))
            #expect(result.errorType == "Runtime.Config")
            #expect(result.json["errorMessage"] == "no table")
            #expect(function.processCount == 0)
        }
    }

    @Test func reportsAProgramThatExitsAtOnce() throws {
        let journal = Journal()
        try withFunction(environment: ["START": "exit"], journal: journal) { function in
            let result = try function.invoke(event([:]))
            #expect(result.errorType == "Runtime.ExitError")
            #expect(result.json["errorMessage"]?.string?.hasSuffix("exit status 7") == true)
            #expect(journal.lines(of: "echo").first == "giving up")
        }
    }

    @Test func reportsAProgramThatIsNotThere() throws {
        let result = try withFunction(program: "/nowhere/bootstrap") { try $0.invoke(event([:])) }
        #expect(result.errorType == "Runtime.InvalidEntrypoint")
    }

    @Test func refusesAResponseThatIsTooLarge() throws {
        try withFunction { function in
            let largest = RuntimeAPI.largestResponse
            #expect(
                try function.invoke(event(["do": "big", "bytes": .number(largest)])).payload.count == largest)
            let result = try function.invoke(event(["do": "big", "bytes": .number(largest + 1)]))
            #expect(result.errorType == "Function.ResponseSizeTooLarge")
            #expect(try function.invoke(event(["do": "echo"])).json["seen"] == 3)
        }
    }

    @Test func keepsTheProtocol() throws {
        let journal = Journal()
        try withFunction(journal: journal) { function in
            let answers = try function.invoke(event(["do": "protocol"])).json.array ?? []
            #expect(answers.map { $0.array?.first } == [400, 403, 200])
            #expect(answers.last?.array?.last == true)
            _ = try function.invoke(event(["do": "echo"]))
            #expect(journal.lines(of: "echo").contains { $0.hasPrefix("second answer (400") })
        }
    }

    @Test func refusesMoreThanTheReservedConcurrency() {
        let isRunning = Monitor(false)
        let journal = Journal { line in if line.text == "event late" { isRunning.with { $0 = true } } }
        withFunction(FunctionDefinition(name: "one", reservedConcurrency: 1), journal: journal) { function in
            let first = Monitor<InvocationResult?>(nil)
            onThread("first") {
                let result = try? function.invoke(event(["do": "late", "seconds": 1]))
                first.with { $0 = result }
            }
            #expect(isRunning.wait(until: Date(timeIntervalSinceNow: 5)) { $0 ? true : nil } == true)
            #expect(throws: LambdaFunction.Throttled.self) { try function.invoke(event(["do": "echo"])) }
            let result = first.wait(until: Date(timeIntervalSinceNow: 5)) { $0 }
            #expect(result != nil && result?.errorType == nil)
        }
    }

    @Test func runsSeveralAtOnce() {
        withFunction { function in
            let pids = Monitor<[JSON]>([])
            for _ in 0..<3 {
                onThread("at once") {
                    let result = try? function.invoke(event(["do": "late", "seconds": .number(0.5)]))
                    pids.with { $0.append(result?.json["pid"] ?? .null) }
                }
            }
            let all = pids.wait(until: Date(timeIntervalSinceNow: 10)) { $0.count == 3 ? $0 : nil } ?? []
            #expect(Set(all.compactMap(\.integer)).count == 3)
        }
    }

    @Test func leavesNoProcessBehind() throws {
        var pid: Int?
        try withFunction { pid = try $0.invoke(event(["do": "echo"])).json["pid"]?.integer }
        #expect(kill(pid_t(try #require(pid)), 0) == -1 && errno == ESRCH)
    }
}
