import Foundation
import HTTP
import JSON
import Testing

@testable import Testbed

/// A small function in Python, told by its event what to do. It stands for any program on the Runtime API.
enum Bootstrap {
    static let source = #"""
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
            do = os.environ.get("ALWAYS") or (event.get("do") if isinstance(event, dict) else None)
            print("event", do, flush=True)
            if do == "crash":
                sys.exit(9)
            if do == "exit-0":
                sys.exit(0)
            if do == "kill":
                os.kill(os.getpid(), signal.SIGSEGV)
            if do == "hang":
                time.sleep(60)
            if do == "late":
                time.sleep(event.get("seconds", 1))
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
            elif do == "reply":
                post(f"/invocation/{id}/response", json.dumps(event["reply"]))
            else:
                post(f"/invocation/{id}/response", json.dumps(
                    {"event": event, "headers": headers, "environment": dict(os.environ), "seen": seen,
                     "pid": os.getpid()}))
            if do == "leave":
                sys.exit(0)
        """#

    /// Written once for all tests.
    static let path: String = {
        let path = Scratch.directory("bootstrap") + "/bootstrap"
        try? source.write(toFile: path, atomically: true, encoding: .utf8)
        try? FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        return path
    }()
}

/// Directories for the tests, gone when the test process ends.
enum Scratch {
    private static let root: String = {
        atexit { try? FileManager.default.removeItem(atPath: Scratch.root) }
        return FileManager.default.temporaryDirectory.path + "/testbed-tests-\(getpid())"
    }()

    static func directory(_ name: String) -> String {
        let path = "\(root)/\(name)"
        try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }
}

/// Runs `body` with a function on the bootstrap, and ends its processes afterwards.
func withFunction<Value>(
    _ definition: FunctionDefinition = FunctionDefinition(name: "echo"), environment: [String: String] = [:],
    program: String = Bootstrap.path, journal: Journal = Journal(), _ body: (LambdaFunction) throws -> Value
) rethrows -> Value {
    let function = LambdaFunction(definition, program: program, environment: environment, journal: journal)
    defer { function.stop() }
    return try body(function)
}

func event(_ json: JSON) -> [UInt8] { json.bytes }
