import Foundation
import HTTP
import Testbed
import TestSupport
import Testing

/// The test has a process of its own, since a process has one environment.
@Suite struct ProxyTests {
    @Test("No request uses a proxy, whatever the environment says") func environment() async {
        await #expect(processExitsWith: .success) {
            let asked = Recorder<String>()
            let proxy = try RawServer { connection in
                asked.append(connection.readRequest() ?? "")
                connection.answer(502)
            }
            for name in ["http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY", "ALL_PROXY"] {
                setenv(name, proxy.url, 1)
            }
            for name in ["no_proxy", "NO_PROXY"] { unsetenv(name) }
            let server = try LoopbackServer { _ in .answer(status: 200) }
            var linkLocal = Request("GET", "http://0.0.0.0:\(server.port)/", isIdempotent: false)
            linkLocal.isOnThisMachine = true
            for request in [Request("GET", server.url, isIdempotent: false), linkLocal] {
                #expect(try HTTPClient.quick().send(request).status == 200)
            }
            // A name that no resolver knows (RFC 6761): a proxy would be asked for it.
            let external = Request("POST", "https://server.invalid/secret", body: [1], isIdempotent: false)
            #expect(HTTPClient.quick().failure(of: external)?.kind == .notConnected)
            #expect(asked.values.isEmpty)
        }
    }
}
