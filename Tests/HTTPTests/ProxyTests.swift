import Foundation
import HTTP
import Testbed
import TestSupport
import Testing

/// Each in a process of its own, for the environment is shared by everything in one.
@Suite struct ProxyTests {
    @Test func loopbackIsNeverAskedThroughAProxy() async {
        await #expect(processExitsWith: .success) {
            let asked = Recorder<String>()
            let proxy = try RawServer { connection in
                asked.append(connection.readRequest() ?? "")
                connection.answer(502)
            }
            for name in ["http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY", "ALL_PROXY"] {
                setenv(name, proxy.url, 1)
            }
            let server = try LoopbackServer { _ in .answer(status: 200) }
            var linkLocal = Request("GET", "http://0.0.0.0:\(server.port)/", isIdempotent: false)
            linkLocal.isOnThisMachine = true
            for request in [Request("GET", server.url, isIdempotent: false), linkLocal] {
                #expect(try HTTPClient.quick().send(request).status == 200)
            }
            #expect(asked.values.isEmpty)
        }
    }

    /// The other half: for the outside a proxy is used. What it refuses counts as "may have been received", to be on
    /// the safe side: libcurl counts the bytes for the proxy among those of the request.
    @Test func theOutsideIsAskedThroughTheProxy() async {
        await #expect(processExitsWith: .success) {
            let asked = Recorder<String>()
            let proxy = try RawServer { connection in
                asked.append(connection.readRequest() ?? "")
                connection.answer(403)
            }
            setenv("https_proxy", proxy.url, 1)
            unsetenv("no_proxy")
            unsetenv("NO_PROXY")
            let failure = HTTPClient.quick().failure(
                of: Request("POST", "https://example.com/secret", body: [1], isIdempotent: false))
            #expect(asked.values.count == 1)
            #expect(asked.values.first?.hasPrefix("CONNECT example.com:443 ") == true)
            #expect(failure?.kind == .broken)
            #expect(failure?.mayHaveBeenReceived == true)
        }
    }
}
