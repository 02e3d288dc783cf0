import Foundation
import HTTP

/// moto's server, which plays SSM, EventBridge, DynamoDB and SQS.
final class Moto: Sendable {
    let url: String
    private let child: Child

    /// Starts it, and does not wait.
    init(projectRoot: String, virtualEnvironment: String, journal: Journal) throws(Stack.Failure) {
        let port: UInt16
        do {
            // moto wants to be told its port: one that is free now is taken, and let go for it.
            let server = try LoopbackServer { _ in .drop }
            port = server.port
            server.stop()
        } catch {
            throw Stack.Failure("No port is free on 127.0.0.1: \(error)")
        }
        url = "http://127.0.0.1:\(port)"
        do {
            child = try Child.start(
                virtualEnvironment + "/bin/python",
                [projectRoot + "/deploy/aws-emulation/moto_server.py", "-H", "127.0.0.1", "-p", String(port)],
                environment: ["PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1"],
                line: { if !Self.saysNothing($0) { journal.write("moto", $0) } })
        } catch {
            throw Stack.Failure(error.description)
        }
    }

    /// Its greetings, and a line for each request that went well.
    private static func saysNothing(_ line: String) -> Bool {
        [#" HTTP/1.1" 2"#, "development server", "Running on", "Press CTRL"].contains { line.contains($0) }
    }

    /// Returns when it answers.
    func waitUntilReady(journal: Journal) throws(Stack.Failure) {
        let http = HTTPClient.live()
        let patience = Date(timeIntervalSinceNow: 30)
        while Date() < patience {
            let request = Request("GET", url + "/moto-api/data.json", timeout: 1000, isIdempotent: false)
            if let response = try? http.send(request), response.status == 200 { return }
            if child.waitUntilExit(until: Date(timeIntervalSinceNow: 0.02)) != nil { break }
        }
        throw Stack.Failure("moto_server does not start: \(journal.lines(of: "moto").suffix(3).joined(separator: " "))")
    }

    func stop() {
        child.kill()
        child.waitUntilExit()
    }
}
