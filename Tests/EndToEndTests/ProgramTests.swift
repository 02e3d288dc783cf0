import Foundation
import JSON
import TestSupport
import Testbed
import Testing

/// The programs by themselves, started as Lambda starts them.
@Suite struct ProgramTests {
    @Test("A program without a Runtime API reports that and exits with status 1", arguments: try BuiltPrograms.names())
    func reportsAMissingRuntimeAPI(program: String) throws {
        let (status, line) = try run(program, [:])
        #expect(status == 1)
        #expect(line["level"] == "ERROR")
        #expect(line["message"]?.stringOrNumber?.contains("AWS_LAMBDA_RUNTIME_API is not set") == true)
    }

    /// The program, its wrong variables, and every variable that it must report.
    static let faultyConfigurations: [(String, [String: String], [String])] = [
        (
            "verify-signature",
            [
                "SF_WEBHOOK_IP_ALLOWLIST": "10.0.0.0/99", "WEBHOOK_TIMESTAMP_TOLERANCE": "soon",
                "SF_ORGANIZATION_ID": "acme",
            ],
            [
                "AWS_REGION", "STACK_NAME", "LEDGER_TABLE", "EVENT_BUS_NAME", "SF_WEBHOOK_SECRET_PARAMETER",
                "SF_WEBHOOK_IP_ALLOWLIST", "WEBHOOK_TIMESTAMP_TOLERANCE", "SF_ORGANIZATION_ID",
            ]
        ),
        (
            "provision-order",
            [
                "WHMCS_API_URL": "http://billing.example/api.php", "SF_API_VERSION": "66", "MAX_ATTEMPTS": "0",
                "WHMCS_REQUIRE_PAY_METHOD": "perhaps", "SF_FIELD_CLIENT": "Name) FROM User",
                "PORTAL_PRICEBOOK_ID": "short",
            ],
            [
                "STACK_NAME", "LEDGER_TABLE", "SF_ACCESS_TOKEN_PARAMETER", "SF_REFRESH_FUNCTION", "WHMCS_API_URL",
                "SF_API_VERSION",
                "WHMCS_CREDENTIALS_PARAMETER", "WHMCS_PAYMENT_METHOD", "MAX_ATTEMPTS", "WHMCS_REQUIRE_PAY_METHOD",
                "SF_FIELD_CLIENT", "PORTAL_PRICEBOOK_ID",
            ]
        ),
        (
            "refresh-sf-token", ["SF_AUTH_FLOW": "password", "SF_LOGIN_URL": "login.salesforce.com"],
            ["STACK_NAME", "LEDGER_TABLE", "SF_ACCESS_TOKEN_PARAMETER", "SF_LOGIN_URL", "SF_CLIENT_ID", "SF_AUTH_FLOW"]
        ),
        (
            "recover-orders", ["SF_RECONCILE": "true"],
            [
                "STACK_NAME", "LEDGER_TABLE", "EVENT_BUS_NAME", "ORDER_QUEUE_URL", "SF_PROVISIONABLE_STATUSES",
                "SF_RECONCILE_SINCE",
            ]
        ),
        ("order-status", [:], ["STACK_NAME", "LEDGER_TABLE", "EVENT_BUS_NAME", "SF_WEBHOOK_SECRET_PARAMETER"]),
    ]

    @Test("A program posts all its configuration errors to init/error at once", arguments: faultyConfigurations)
    func postsAllConfigurationErrors(program: String, values: [String: String], named: [String]) throws {
        let posts = Recorder<ServerRequest>()
        let api = try LoopbackServer { request in
            posts.append(request)
            return .json(202, Array(#"{"status":"OK"}"#.utf8))
        }
        defer { api.stop() }
        let (status, line) = try run(
            program, values.merging(["AWS_LAMBDA_RUNTIME_API": "127.0.0.1:\(api.port)"]) { $1 })
        #expect(status == 1)
        let post = try #require(posts.values.first)
        #expect(post.path == "/2018-06-01/runtime/init/error")
        #expect(post.header("lambda-runtime-function-error-type") == "Function.Configuration")
        let message = try #require(JSON(post.body)?["errorMessage"]?.stringOrNumber)
        for name in named { #expect(message.contains(name), "\(name) is not in: \(message)") }
        #expect(line == JSON(post.body), "the log has what is posted")
    }

    @Test("The configuration of every function of the template is tested")
    func testsEveryConfiguration() throws {
        #expect(Set(Self.faultyConfigurations.map(\.0)) == Set(try BuiltPrograms.names()))
    }

    /// Runs the program until it exits. Returns its status, and the first line that it wrote.
    private func run(_ program: String, _ environment: [String: String]) throws -> (Int32, JSON) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: BuiltPrograms.directory).appendingPathComponent(program)
        process.environment = environment
        let output = Pipe()
        process.standardError = output
        try process.run()
        let text = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        let line = text.split(separator: UInt8(ascii: "\n")).first ?? Data()
        return (process.terminationStatus, JSON([UInt8](line)) ?? .null)
    }
}
