/// The address of one service as one process sees it; can refuse connections for a while.
final class Door: Sendable {
    private struct State {
        /// The last one listens; the others still have connections.
        var servers: [LoopbackServer]
        var isRefusing = false
        var isClosed = false
    }

    let port: UInt16
    var address: String { "http://127.0.0.1:\(port)" }
    private let state: Monitor<State>
    private let handler: @Sendable (ServerRequest) -> ServerReply

    init(_ handler: @escaping @Sendable (ServerRequest) -> ServerReply) throws {
        let server = try LoopbackServer(handler: handler)
        port = server.port
        state = Monitor(State(servers: [server]))
        self.handler = handler
    }

    var isRefusing: Bool { state.with { $0.isRefusing } }

    func refuse() {
        state.with {
            guard !$0.isRefusing else { return }
            $0.isRefusing = true
            $0.servers.last?.refuse()
        }
    }

    func open() {
        state.with {
            guard $0.isRefusing, !$0.isClosed else { return }
            // Where another has taken the port meanwhile, it stays refused.
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
