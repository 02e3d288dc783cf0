import Foundation
import JSON
import Testbed
import Testing

/// The programs by themselves, started as Lambda starts them.
@Suite struct ProgramTests {
    static let programs = ["verify-signature", "provision-order", "refresh-sf-token", "recover-orders", "order-status"]

    @Test(arguments: programs)
    func withoutARuntimeAPIItSaysSoAndLeaves(program: String) throws {
        let (status, line) = try run(program, [:])
        #expect(status == 1)
        #expect(line["level"] == "ERROR")
        #expect(line["message"]?.stringOrNumber?.contains("AWS_LAMBDA_RUNTIME_API is not set") == true)
    }

    static let faults: [(String, [String: String], [String])] = [
        (
            "verify-signature", ["SF_WEBHOOK_IP_ALLOWLIST": "10.0.0.0/99", "WEBHOOK_TIMESTAMP_TOLERANCE": "soon"],
            [
                "AWS_REGION", "LEDGER_TABLE", "EVENT_BUS_NAME", "SF_WEBHOOK_SECRET_PARAMETER",
                "SF_WEBHOOK_IP_ALLOWLIST", "WEBHOOK_TIMESTAMP_TOLERANCE",
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
                "LEDGER_TABLE", "SF_ACCESS_TOKEN_PARAMETER", "SF_REFRESH_FUNCTION", "WHMCS_API_URL", "SF_API_VERSION",
                "WHMCS_CREDENTIALS_PARAMETER", "WHMCS_PAYMENT_METHOD", "MAX_ATTEMPTS", "WHMCS_REQUIRE_PAY_METHOD",
                "SF_FIELD_CLIENT", "PORTAL_PRICEBOOK_ID",
            ]
        ),
        (
            "refresh-sf-token", ["SF_AUTH_FLOW": "password", "SF_LOGIN_URL": "login.salesforce.com"],
            ["SF_ACCESS_TOKEN_PARAMETER", "SF_LOGIN_URL", "SF_CLIENT_ID", "SF_AUTH_FLOW"]
        ),
        ("recover-orders", ["SF_RECONCILE": "true"], ["LEDGER_TABLE", "EVENT_BUS_NAME", "SF_PROVISIONABLE_STATUSES"]),
        ("order-status", [:], ["LEDGER_TABLE", "EVENT_BUS_NAME", "SF_ACCESS_TOKEN_PARAMETER"]),
    ]

    @Test(arguments: faults)
    func allFaultsOfTheConfigurationGoToInitError(program: String, values: [String: String], named: [String]) throws {
        let posts = Posts()
        let api = try LoopbackServer { request in
            posts.add(request)
            return .json(202, Array(#"{"status":"OK"}"#.utf8))
        }
        defer { api.stop() }
        let (status, line) = try run(
            program, values.merging(["AWS_LAMBDA_RUNTIME_API": "127.0.0.1:\(api.port)"]) { $1 })
        #expect(status == 1)
        let post = try #require(posts.all.first)
        #expect(post.path == "/2018-06-01/runtime/init/error")
        #expect(post.header("lambda-runtime-function-error-type") == "Function.Configuration")
        let message = try #require(JSON(post.body)?["errorMessage"]?.stringOrNumber)
        for name in named { #expect(message.contains(name), "\(name) is not in: \(message)") }
        #expect(line == JSON(post.body), "what is posted is what is logged")
    }

    /// Runs it to its end: the exit status, and the first line it wrote.
    private func run(_ program: String, _ environment: [String: String]) throws -> (Int32, JSON) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Programs.directory).appendingPathComponent(program)
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

/// What was posted, from the server's threads.
private final class Posts: @unchecked Sendable {
    private let lock = NSLock()
    private var requests: [ServerRequest] = []

    func add(_ request: ServerRequest) {
        lock.withLock { requests.append(request) }
    }

    var all: [ServerRequest] { lock.withLock { requests } }
}
