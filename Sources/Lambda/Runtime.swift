import Basics
import Glibc
import HTTP
import JSON

/// The loop of a custom runtime: take an event, handle it, report the result.
public struct Runtime {
    /// Turns an event into an answer. Its error is reported to Lambda as the invocation's error.
    public typealias Handler = (Invocation) throws -> [UInt8]

    private let api: RuntimeAPI
    private let log: Log
    private let now: () -> Timestamp
    private let tracer: Tracer?

    init(api: RuntimeAPI, log: Log, now: @escaping () -> Timestamp, tracer: Tracer? = nil) {
        self.api = api
        self.log = log
        self.now = now
        self.tracer = tracer
    }

    /// Configures the function and serves events until the Runtime API is gone; then logs why and exits with status 1.
    ///
    /// - Parameter start: reads the configuration and builds the handler, which may share the client of the Runtime API.
    ///   Its error is reported as the init error.
    public static func run(_ start: (Environment, HTTPClient, Log) throws -> Handler) -> Never {
        let environment = Environment.ofProcess()
        let log = Log(level: environment.values["AWS_LAMBDA_LOG_LEVEL"])
        guard let address = environment.values["AWS_LAMBDA_RUNTIME_API"], !address.isEmpty else {
            log.error("AWS_LAMBDA_RUNTIME_API is not set: start this program on Lambda, or with testbed invoke")
            exit(1)
        }
        let http = HTTPClient.live()
        let tracer = Tracer(address: environment.values["AWS_XRAY_DAEMON_ADDRESS"])
        let runtime = Runtime(api: RuntimeAPI(address: address, http: http), log: log, now: http.now, tracer: tracer)
        do {
            try runtime.serve { try start(environment, tracer?.traced(http) ?? http, log) }
        } catch {
            log.error("exiting", ["error": .string("\(error)")])
            exit(1)
        }
    }

    /// Serves events until it throws the reason to stop.
    func serve(_ start: () throws -> Handler) throws -> Never {
        let handler = try initialize(start)
        while true {
            let invocation = try api.next()
            // X-Ray's libraries and others read it; a custom runtime has to set it.
            setenv("_X_AMZN_TRACE_ID", invocation.traceID ?? "", 1)
            tracer?.begin(invocation)
            try handle(invocation, with: handler)
        }
    }

    private func initialize(_ start: () throws -> Handler) throws -> Handler {
        do {
            return try start()
        } catch {
            let error = FunctionError(error)
            let body = error.body(requestID: nil, now: now())
            log.raw(body)
            _ = try api.failInit(error, body)
            throw error
        }
    }

    private func handle(_ invocation: Invocation, with handler: Handler) throws {
        let answer: [UInt8]
        do {
            answer = try handler(invocation)
        } catch {
            return try report(FunctionError(error), invocation)
        }
        let status = try api.respond(answer, to: invocation.requestID)
        try check(status, "response of \(answer.count) bytes", invocation)
    }

    private func report(_ error: FunctionError, _ invocation: Invocation) throws {
        let body = error.body(requestID: invocation.requestID, now: now())
        log.raw(body)
        try check(api.fail(error, body, to: invocation.requestID), "error", invocation)
    }

    /// A refused answer fails its invocation only: when it is too large (413), Lambda has already told the caller. A server
    /// error ends the environment.
    private func check(_ status: Int, _ what: String, _ invocation: Invocation) throws {
        guard status != 202 else { return }
        log.error(
            "the Runtime API refused the result",
            ["result": .string(what), "status": .number(status), "requestId": .string(invocation.requestID)])
        guard status < 500 else {
            throw RuntimeAPI.Gone(description: "the Runtime API answered \(status) to the \(what)")
        }
    }
}
