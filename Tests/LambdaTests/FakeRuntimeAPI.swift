import Foundation
import HTTP
import Testbed
import TestSupport

@testable import Lambda

/// A Runtime API on loopback. It gives scripted answers to `next`, and then 403, which ends the loop; it
/// accepts every POST by default, and records every request.
final class FakeRuntimeAPI: Sendable {
    let calls = Recorder<ServerRequest>()
    private let server: LoopbackServer

    /// - Parameters:
    ///   - next: the answers to `next`, one after the other.
    ///   - post: the end of a POST's path → the answer to it.
    init(_ next: [ServerReply], post: [String: ServerReply] = [:]) throws {
        let calls = calls
        let asked = Recorder<Void>()
        server = try LoopbackServer { request in
            calls.append(request)
            if request.path.hasSuffix("/invocation/next") {
                let count = asked.append(())
                return count <= next.count ? next[count - 1] : .json(403, Array("{}".utf8))
            }
            return post.first { request.path.hasSuffix($0.key) }?.value ?? .json(202, Array(#"{"status":"OK"}"#.utf8))
        }
    }

    var address: String { "127.0.0.1:\(server.port)" }

    /// The requests as `POST /init/error`.
    var lines: [String] {
        calls.values.map { "\($0.method) \($0.path.replacingOccurrences(of: "/2018-06-01/runtime", with: ""))" }
    }
}

extension ServerReply {
    /// An event as Lambda sends it. A header without a value is not sent.
    static func event(
        _ id: String? = "id-1", deadline: String? = "1800000003000", trace: String? = nil, _ payload: String = "{}"
    ) -> ServerReply {
        let headers = [
            ("Content-Type", "application/json"), ("Lambda-Runtime-Aws-Request-Id", id),
            ("Lambda-Runtime-Deadline-Ms", deadline), ("Lambda-Runtime-Trace-Id", trace),
        ].compactMap { name, value in value.map { (name: name, value: $0) } }
        return .answer(status: 200, headers: headers, body: Array(payload.utf8))
    }
}

/// The result of a loop.
struct Served {
    /// The lines of the log.
    var log: [String]
    /// The reason of its end.
    var end: String
}

/// Runs the real loop on real sockets until it ends, without waits between retries.
func serve(_ address: String, _ start: () throws -> Runtime.Handler) -> Served {
    let lines = Recorder<String>()
    let log = Log(now: { 1_800_000_000_000 }, write: { lines.append(String(decoding: $0, as: UTF8.self)) })
    var http = HTTPClient.live()
    http.sleep = { _ in }
    let runtime = Runtime(api: RuntimeAPI(address: address, http: http), log: log, now: { 1_800_000_000_000 })
    do {
        try runtime.serve(start)
    } catch {
        return Served(log: lines.values.map { String($0.dropLast()) }, end: String(describing: error))
    }
}

/// The same with a handler that needs no start.
func serve(_ address: String, handler: @escaping Runtime.Handler) -> Served {
    serve(address) { handler }
}
