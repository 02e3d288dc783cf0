import Foundation
import HTTP

/// moto's server, which emulates DynamoDB, EventBridge, SQS and Parameter Store. It runs in a process of its own, which
/// ends with this object, or with this process even when that is killed.
public final class MotoServer: Sendable {
    public let url: String
    private let child: ChildProcess
    private let journal: Journal

    /// Starts a server, and returns when it answers.
    ///
    /// - Parameters:
    ///   - projectRoot: the directory that holds deploy/aws-emulation.
    ///   - python: an interpreter that has moto; the project's own when nil.
    public static func start(projectRoot: String, python: String? = nil) throws(TestbedFailure) -> MotoServer {
        let server = try MotoServer(
            projectRoot: projectRoot, python: python ?? projectRoot + "/.local/venv/bin/python", journal: Journal())
        try server.waitUntilReady()
        return server
    }

    /// Starts the server and does not wait.
    init(projectRoot: String, python: String, journal: Journal) throws(TestbedFailure) {
        let port: UInt16
        do {
            // moto needs a port number: this takes a free one and releases it.
            let server = try LoopbackServer { _ in .drop }
            port = server.port
            server.stop()
        } catch {
            throw TestbedFailure("No port is free on 127.0.0.1: \(error)")
        }
        url = "http://127.0.0.1:\(port)"
        self.journal = journal
        do {
            child = try ChildProcess.start(
                python, [projectRoot + "/deploy/aws-emulation/moto_server.py", "-H", "127.0.0.1", "-p", String(port)],
                environment: ["PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1"],
                onLine: { if !Self.isRoutine($0) { journal.write("moto", $0) } })
        } catch {
            throw TestbedFailure(error.description)
        }
    }

    deinit {
        stop()
    }

    /// Greetings, and the line of each successful request.
    private static func isRoutine(_ line: String) -> Bool {
        [#" HTTP/1.1" 2"#, "development server", "Running on", "Press CTRL"].contains { line.contains($0) }
    }

    func waitUntilReady() throws(TestbedFailure) {
        let http = HTTPClient.live()
        let deadline = Date(timeIntervalSinceNow: 30)
        while Date() < deadline {
            let request = Request("GET", url + "/moto-api/data.json", timeout: 1000, isIdempotent: false)
            if let response = try? http.send(request), response.status == 200 { return }
            if child.waitUntilExit(until: Date(timeIntervalSinceNow: 0.02)) != nil { break }
        }
        throw TestbedFailure("moto did not start: \(journal.lines(of: "moto").suffix(3).joined(separator: " "))")
    }

    /// Ends the server, and returns when it is gone. Harmless when called again.
    public func stop() {
        child.kill()
        child.waitUntilExit()
    }
}
