/// The address of one service as one process sees it. It can refuse connections for some time.
final class ProxyListener: Sendable {
    private struct State {
        /// The last one listens. The others still have connections.
        var servers: [LoopbackServer]
        var isRefusing = false
        var isClosed = false
    }

    let port: UInt16
    var url: String { "http://127.0.0.1:\(port)" }
    private let state: Monitor<State>
    private let handler: @Sendable (ServerRequest) -> ServerReply

    init(_ handler: @escaping @Sendable (ServerRequest) -> ServerReply) throws {
        let server = try LoopbackServer(handler: handler)
        port = server.port
        state = Monitor(State(servers: [server]))
        self.handler = handler
    }

    var isRefusing: Bool { state.with { $0.isRefusing } }

    func refuseConnections() {
        state.with {
            guard !$0.isRefusing else { return }
            $0.isRefusing = true
            $0.servers.last?.refuse()
        }
    }

    func acceptConnections() {
        state.with {
            guard $0.isRefusing, !$0.isClosed else { return }
            // If another process has taken the port by now, connections stay refused.
            guard let server = try? LoopbackServer(port: port, handler: handler) else { return }
            $0.isRefusing = false
            $0.servers.append(server)
        }
    }

    /// Waits for calls that are still at work.
    func close() {
        let servers = state.with {
            $0.isClosed = true
            return $0.servers
        }
        servers.forEach { $0.stop() }
    }
}
