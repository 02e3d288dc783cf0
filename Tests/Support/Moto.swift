/// moto, which plays AWS on a free port of loopback. It ends with its last user.
public final class Moto: Sendable {
    public let url: String
    private let service: Service

    /// moto did not start.
    public struct NoPort: Error {}

    public init() throws {
        let script = """
            import logging, sys
            logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
            from moto.server import ThreadedMotoServer
            server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
            server.start()
            print("listening on", server.get_host_and_port()[1], flush=True)
            sys.stdin.read()
            """
        service = try Service(Program.pythonPath, ["-c", script], ready: "listening on ")
        guard let port = service.port else { throw NoPort() }
        url = "http://127.0.0.1:\(port)"
    }

    /// One for the whole run, since it takes a second to start. Its users choose names that do not collide.
    public static let shared = Result { try Moto() }

    /// Runs a script that has `client(name)`, a boto3 client of this server; returns its output.
    @discardableResult
    public func boto(_ script: String) throws -> String {
        let prelude = """
            import boto3, json, sys, urllib.request
            def client(name):
                return boto3.client(name, endpoint_url="\(url)", region_name="eu-west-1",
                                    aws_access_key_id="test", aws_secret_access_key="test")

            """
        return try Program.python.text(["-c", prelude + script])
    }
}
