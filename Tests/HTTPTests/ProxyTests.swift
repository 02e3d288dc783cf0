import Foundation
import HTTP
import Testbed
import TestSupport
import Testing

/// Each test has its own process, since a process has one environment.
@Suite struct ProxyTests {
    @Test("Requests to loopback use no proxy") func loopback() async {
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

    /// A refusal by the proxy counts as "may have been received": libcurl counts the bytes for the proxy as the
    /// request's.
    @Test("Requests to external servers use the proxy") func external() async {
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
