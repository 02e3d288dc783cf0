import Basics
import Foundation
import JSON
import Testing

@testable import Testbed

@Suite struct LambdaFunctionTests {
    @Test("A program gets the event, and the headers and variables of Lambda")
    func passesTheEvent() throws {
        let definition = FunctionDefinition(name: "echo", functionName: "stack-echo", timeoutSeconds: 5, memoryMB: 256)
        let before = Timestamp.now()
        let result = try withFunction(definition, environment: ["LEDGER_TABLE": "ledger"]) {
            try $0.invoke(payload(["a": "ä"]), clientContext: #"{"x":1}"#)
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
        let deadline = try #require(headers?["lambda-runtime-deadline-ms"]?.timestamp)
        #expect((before + 5000...Timestamp.now() + 5000).contains(deadline))
        let environment = answer["environment"]
        #expect(environment?["LEDGER_TABLE"] == "ledger")
        #expect(environment?["AWS_LAMBDA_FUNCTION_NAME"] == "stack-echo")
        #expect(environment?["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "256")
        #expect(environment?["TZ"] == "UTC")
        #expect(environment?["HOME"] == nil)
    }

    @Test("A warm process takes the next event")
    func keepsTheProcessWarm() throws {
        try withFunction { function in
            let first = try function.invoke(payload(["do": "echo"])).json
            let second = try function.invoke(payload(["do": "echo"])).json
            #expect(first["pid"] == second["pid"])
            #expect(second["seen"] == 2)
        }
    }

    @Test(
        "A crash is reported, and the next event starts a new process",
        arguments: [
            ("crash", "Runtime exited with error: exit status 9"),
            ("exit-0", "Runtime exited without providing a reason"),
            ("kill", "Runtime exited with error: signal: 11"),
        ])
    func reportsACrash(how: String, message: String) throws {
        try withFunction { function in
            let result = try function.invoke(payload(["do": .string(how)]))
            #expect(result.errorType == "Runtime.ExitError")
            #expect(result.json["errorMessage"]?.string == "RequestId: \(result.requestId) Error: \(message)")
            #expect(try function.invoke(payload(["do": "echo"])).json["seen"] == 1)
        }
    }

    @Test("No event is lost when a process exits between two events")
    func replacesAnExitedProcess() throws {
        try withFunction { function in
            for _ in 0..<3 {
                let result = try function.invoke(payload(["do": "leave"]))
                #expect(result.errorType == nil)
                #expect(result.json["seen"] == 1)
            }
        }
    }

    @Test("A process is killed at the timeout")
    func killsAtTheTimeout() throws {
        let journal = Journal()
        try withFunction(FunctionDefinition(name: "slow", timeoutSeconds: 1), journal: journal) { function in
            let result = try function.invoke(payload(["do": "hang"]))
            #expect(result.errorType == "Sandbox.Timedout")
            #expect(result.json["errorMessage"]?.string?.hasSuffix("Task timed out after 1.00 seconds") == true)
            #expect(function.processCount == 0)
            #expect(isLogged(journal, of: "slow") { $0 == "event hang" })
            #expect(try function.invoke(payload(["do": "echo"])).errorType == nil)
        }
    }

    @Test(
        "The function's error is passed on, and its process goes on",
        arguments: [
            ("Function.Refused", "Function.Refused"), ("Refused", "Runtime.Unknown"),
            ("Function.no", "Function.Unknown"),
        ])
    func passesAnErrorOn(sent: String, recorded: String) throws {
        try withFunction { function in
            let result = try function.invoke(payload(["do": "error", "type": .string(sent)]))
            #expect(result.errorType == recorded)
            #expect(result.json == ["errorType": "Function.Refused", "errorMessage": "no"])
            #expect(try function.invoke(payload(["do": "echo"])).json["seen"] == 2)
        }
    }

    @Test("An error at startup is reported")
    func reportsAnInitError() throws {
        try withFunction(environment: ["START": "init-error"]) { function in
            let result = try function.invoke(payload([:]))
            #expect(result.errorType == "Runtime.Config")
            #expect(result.json["errorMessage"] == "no table")
            #expect(function.processCount == 0)
        }
    }

    @Test("A program that exits at startup is reported")
    func reportsAnEarlyExit() throws {
        let journal = Journal()
        try withFunction(environment: ["START": "exit"], journal: journal) { function in
            let result = try function.invoke(payload([:]))
            #expect(result.errorType == "Runtime.ExitError")
            #expect(result.json["errorMessage"]?.string?.hasSuffix("exit status 7") == true)
            #expect(isLogged(journal) { $0 == "giving up" })
        }
    }

    /// The journal gets a line some time after the program has written it.
    private func isLogged(_ journal: Journal, of program: String = "echo", _ isLine: (String) -> Bool) -> Bool {
        let deadline = Date(timeIntervalSinceNow: 20)
        while Date() < deadline {
            if journal.lines(of: program).contains(where: isLine) { return true }
            usleep(10_000)
        }
        return false
    }

    @Test("A missing program is reported")
    func reportsAMissingProgram() throws {
        let result = try withFunction(program: "/nowhere/bootstrap") { try $0.invoke(payload([:])) }
        #expect(result.errorType == "Runtime.InvalidEntrypoint")
    }

    @Test("A response that is too large is refused")
    func refusesALargeResponse() throws {
        try withFunction { function in
            let largest = RuntimeAPI.largestResponse
            #expect(
                try function.invoke(payload(["do": "big", "bytes": .number(largest)])).payload.count == largest)
            let result = try function.invoke(payload(["do": "big", "bytes": .number(largest + 1)]))
            #expect(result.errorType == "Function.ResponseSizeTooLarge")
            #expect(try function.invoke(payload(["do": "echo"])).json["seen"] == 3)
        }
    }

    @Test("Wrong calls of the Runtime API are refused as Lambda refuses them")
    func refusesWrongCalls() throws {
        let journal = Journal()
        try withFunction(journal: journal) { function in
            let answers = try function.invoke(payload(["do": "protocol"])).json.array ?? []
            #expect(answers.map { $0.array?.first } == [400, 403, 200])
            #expect(answers.last?.array?.last == true)
            _ = try function.invoke(payload(["do": "echo"]))
            #expect(isLogged(journal) { $0.hasPrefix("second answer (400") })
        }
    }

    @Test("Events beyond the reserved concurrency are refused")
    func refusesMoreThanTheReservedConcurrency() throws {
        let gate = try Gate()
        let isRunning = Monitor(false)
        let journal = Journal { line in if line.text == "event wait" { isRunning.with { $0 = true } } }
        try withFunction(FunctionDefinition(name: "one", reservedConcurrency: 1), journal: journal) { function in
            let first = Monitor<InvocationResult?>(nil)
            onThread("first") {
                let result = try? function.invoke(payload(gate.event))
                first.with { $0 = result }
            }
            #expect(isRunning.wait(until: Date(timeIntervalSinceNow: 5)) { $0 ? true : nil } == true)
            #expect(throws: LambdaFunction.Throttled.self) { try function.invoke(payload(["do": "echo"])) }
            try gate.open()
            let result = first.wait(until: Date(timeIntervalSinceNow: 5)) { $0 }
            #expect(result != nil && result?.errorType == nil)
        }
    }

    @Test("Several events run at the same time, each in a process of its own")
    func runsSeveralAtOnce() throws {
        let gate = try Gate()
        let running = Monitor(0)
        let journal = Journal { line in if line.text == "event wait" { running.with { $0 += 1 } } }
        try withFunction(journal: journal) { function in
            let pids = Monitor<[JSON]>([])
            for _ in 0..<3 {
                onThread("at once") {
                    let result = try? function.invoke(payload(gate.event))
                    pids.with { $0.append(result?.json["pid"] ?? .null) }
                }
            }
            #expect(running.wait(until: Date(timeIntervalSinceNow: 10)) { $0 == 3 ? true : nil } == true)
            try gate.open()
            let all = pids.wait(until: Date(timeIntervalSinceNow: 10)) { $0.count == 3 ? $0 : nil } ?? []
            #expect(Set(all.compactMap(\.integer)).count == 3)
        }
    }

    @Test("A killed process fails its event, and the next event has another process")
    func killsProcesses() throws {
        let isRunning = Monitor(false)
        let journal = Journal { line in if line.text == "event hang" { isRunning.with { $0 = true } } }
        try withFunction(journal: journal) { function in
            _ = try function.invoke(payload(["do": "echo"]))
            #expect(function.killProcesses() == 1 && function.processCount == 0)
            let atWork = Monitor<InvocationResult?>(nil)
            onThread("at work") {
                let result = try? function.invoke(payload(["do": "hang"]))
                atWork.with { $0 = result }
            }
            #expect(isRunning.wait(until: Date(timeIntervalSinceNow: 5)) { $0 ? true : nil } == true)
            #expect(function.eventsAtWork == 1 && function.killProcesses() == 1)
            let result = atWork.wait(until: Date(timeIntervalSinceNow: 5)) { $0 }
            #expect(result?.errorType == "Runtime.ExitError")
            #expect(try function.invoke(payload(["do": "echo"])).errorType == nil)
        }
    }

    @Test("`stop` leaves no process behind")
    func stopsItsProcesses() throws {
        var pid: Int?
        try withFunction { pid = try $0.invoke(payload(["do": "echo"])).json["pid"]?.integer }
        #expect(kill(pid_t(try #require(pid)), 0) == -1 && errno == ESRCH)
    }
}

private func payload(_ json: JSON) -> [UInt8] { json.bytes }
