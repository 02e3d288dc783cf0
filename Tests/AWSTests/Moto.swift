import Foundation
import TestSupport

/// moto plays AWS on a free port of loopback, and ends with the test that holds it.
struct Moto {
    let url: String
    private let service: TestSupport.Service

    init() throws {
        let script = """
            import logging, sys
            logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
            from moto.server import ThreadedMotoServer
            server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
            server.start()
            print("ready at port", server.get_host_and_port()[1], flush=True)
            sys.stdin.read()
            """
        service = try TestSupport.Service(Program.pythonPath, ["-c", script], ready: "ready at port")
        url = "http://127.0.0.1:\(service.port ?? 0)"
    }

    /// Runs a script that has `client(name)`, a boto3 client of this server; what it printed.
    @discardableResult
    func boto(_ script: String) throws -> String {
        let prelude = """
            import boto3, json, sys, urllib.request
            def client(name):
                return boto3.client(name, endpoint_url="\(url)", region_name="eu-west-1",
                                    aws_access_key_id="test", aws_secret_access_key="test")

            """
        return String(decoding: try Program.python.run(["-c", prelude + script]), as: UTF8.self)
    }
}
