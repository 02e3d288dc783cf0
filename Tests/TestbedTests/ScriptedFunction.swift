import Foundation
import JSON
import TestSupport

@testable import Testbed

/// A function in Python whose event says what it does. It stands for any program on the Runtime API.
enum ScriptedFunction {
    private static let source = #"""
        #!/usr/bin/env python3
        import http.client, json, os, signal, sys, time

        base = "/2018-06-01/runtime"
        host = os.environ["AWS_LAMBDA_RUNTIME_API"]

        def post(path, body, headers={}):
            connection = http.client.HTTPConnection(host)
            connection.request("POST", base + path, body, headers)
            reply = connection.getresponse()
            return reply.status, reply.read().decode()

        if os.environ.get("START") == "init-error":
            post("/init/error", json.dumps({"errorType": "Runtime.Config", "errorMessage": "no table"}),
                 {"Lambda-Runtime-Function-Error-Type": "Runtime.Config"})
            sys.exit(3)
        if os.environ.get("START") == "exit":
            print("giving up", flush=True)
            sys.exit(7)

        seen = 0
        while True:
            connection = http.client.HTTPConnection(host)
            connection.request("GET", base + "/invocation/next")
            reply = connection.getresponse()
            headers = {name.lower(): value for name, value in reply.getheaders()}
            raw = reply.read()
            event = json.loads(raw)
            seen += 1
            id = headers["lambda-runtime-aws-request-id"]
            records = event.get("Records") if isinstance(event, dict) else None
            if records:
                event = json.loads(records[0]["body"])
            do = os.environ.get("ALWAYS") or (event.get("do") if isinstance(event, dict) else None)
            print("event", do, flush=True)
            print("received", raw.decode(), flush=True)
            if do == "crash":
                sys.exit(9)
            if do == "exit-0":
                sys.exit(0)
            if do == "kill":
                os.kill(os.getpid(), signal.SIGSEGV)
            if do == "hang":
                time.sleep(60)
            if do == "wait":
                while not os.path.exists(event["file"]):
                    time.sleep(0.01)
            if do == "error":
                post(f"/invocation/{id}/error", json.dumps({"errorType": "Function.Refused", "errorMessage": "no"}),
                     {"Lambda-Runtime-Function-Error-Type": event.get("type", "Function.Refused")})
                continue
            if do == "big":
                answers = [post(f"/invocation/{id}/response", b"1" * event["bytes"])]
            elif do == "protocol":
                answers = [post("/invocation/wrong/response", "{}"), post("/init/error", "{}")]
                connection.request("GET", base + "/invocation/next")
                again = connection.getresponse()
                answers.append([again.status, again.getheader("Lambda-Runtime-Aws-Request-Id") == id])
                again.read()
                post(f"/invocation/{id}/response", json.dumps(answers))
                print("second answer", post(f"/invocation/{id}/response", "{}"), flush=True)
                continue
            elif do == "fail-last":
                failures = [{"itemIdentifier": records[-1]["messageId"]}]
                post(f"/invocation/{id}/response", json.dumps({"batchItemFailures": failures}))
            elif do == "reply":
                post(f"/invocation/{id}/response", json.dumps(event["reply"]))
            else:
                post(f"/invocation/{id}/response", json.dumps(
                    {"event": event, "headers": headers, "environment": dict(os.environ), "seen": seen,
                     "pid": os.getpid()}))
            if do == "leave":
                sys.exit(0)
        """#

    /// Written once for all tests, and removed when this process ends.
    static let path: String = {
        atexit { unlink(ScriptedFunction.path) }
        let path = FileManager.default.temporaryDirectory.path + "/scripted-function-\(getpid())"
        try? source.write(toFile: path, atomically: true, encoding: .utf8)
        try? FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        return path
    }()
}

/// Runs `body` with a scripted function, and ends its processes afterwards.
func withFunction<Value>(
    _ definition: FunctionDefinition = FunctionDefinition(name: "echo"), environment: [String: String] = [:],
    program: String = ScriptedFunction.path, journal: Journal = Journal(), _ body: (LambdaFunction) throws -> Value
) rethrows -> Value {
    let function = LambdaFunction(definition, program: program, environment: environment, journal: journal)
    defer { function.stop() }
    return try body(function)
}

/// Lets events that wait for a file go on.
struct Gate {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    /// An event that the scripted function answers when the gate is open.
    var event: JSON { ["do": "wait", "file": .string(directory.url.appending(path: "open").path)] }

    func open() throws { _ = try directory.file("open", []) }
}
