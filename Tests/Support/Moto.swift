import Testbed

extension MotoServer {
    /// One for the whole run, since it takes a second to start. Its users choose names that do not collide.
    public static let shared = Result { try started() }

    /// A server of the test's own.
    public static func started() throws(TestbedFailure) -> MotoServer {
        try start(projectRoot: packageRoot.path, python: Program.pythonPath)
    }

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
