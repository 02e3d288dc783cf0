import CMicroHTTPD
import Foundation

/// An HTTP/1.1 server on loopback: keep-alive, a thread for each connection, so that a handler may block.
public final class LoopbackServer: Sendable {
    /// The address cannot be bound; the text says which and why.
    public struct Unavailable: Error, CustomStringConvertible {
        public var description: String
    }

    public let port: UInt16
    public var url: String { "http://127.0.0.1:\(port)" }

    private let daemon: Daemon

    /// Listens on 127.0.0.1; port 0 takes a free one. The handler is called from many threads at once.
    public init(port: UInt16 = 0, handler: @escaping @Sendable (ServerRequest) -> ServerReply) throws {
        let context = Unmanaged.passRetained(Handler(call: handler))
        guard let pointer = cmhd_start(port, access, context.toOpaque(), completed, uriLog) else {
            context.release()
            throw Unavailable(description: "127.0.0.1:\(port): \(String(cString: strerror(errno)))")
        }
        daemon = Daemon(pointer: pointer, context: context)
        self.port = cmhd_port(pointer)
    }

    /// Takes no new requests and closes every connection. Waits for handlers that are still at work: who holds
    /// one in a long poll lets it return first. Not to be called from a handler. Harmless when called again.
    public func stop() {
        daemon.stop()
    }

    /// Refuses connections from now on, as a host does where nothing listens. Those that are there go on.
    public func refuse() {
        daemon.refuse()
    }

    deinit {
        daemon.stop()
    }
}

/// The running daemon; stopped once.
private final class Daemon: @unchecked Sendable {
    private let lock = NSLock()
    private var pointer: OpaquePointer?
    private let context: Unmanaged<Handler>

    init(pointer: OpaquePointer, context: Unmanaged<Handler>) {
        self.pointer = pointer
        self.context = context
    }

    func refuse() {
        lock.withLock {
            guard let pointer else { return }
            let listening = MHD_quiesce_daemon(pointer)
            guard listening >= 0 else { return }
            // Closing alone does not end it while the daemon's thread still polls it.
            shutdown(listening, Int32(SHUT_RDWR))
            close(listening)
        }
    }

    func stop() {
        lock.withLock {
            guard let pointer else { return }
            MHD_stop_daemon(pointer)
            context.release()
            self.pointer = nil
        }
    }
}

private final class Handler {
    let call: @Sendable (ServerRequest) -> ServerReply

    init(call: @escaping @Sendable (ServerRequest) -> ServerReply) {
        self.call = call
    }
}

/// A request while it arrives: made when its first line is there, released when it is done.
private final class Exchange {
    let target: String
    var headersSeen = false
    var headers: [(name: String, value: String)] = []
    var body: [UInt8] = []

    init(target: String) {
        self.target = target
    }
}

/// The only place where the target is seen as sent: libmicrohttpd takes the percent encoding off afterwards.
private func uriLog(
    _: UnsafeMutableRawPointer?, uri: UnsafePointer<CChar>?, _: OpaquePointer?
) -> UnsafeMutableRawPointer? {
    Unmanaged.passRetained(Exchange(target: uri.map { String(cString: $0) } ?? "/")).toOpaque()
}

private func completed(
    _: UnsafeMutableRawPointer?, _: OpaquePointer?, exchange: UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
    _: MHD_RequestTerminationCode
) {
    guard let pointer = exchange?.pointee else { return }
    Unmanaged<Exchange>.fromOpaque(pointer).release()
    exchange?.pointee = nil
}

/// Called once with the headers, once for each piece of the body, and once at its end.
private func access(
    context: UnsafeMutableRawPointer?, connection: OpaquePointer?, _: UnsafePointer<CChar>?,
    method: UnsafePointer<CChar>?, _: UnsafePointer<CChar>?, piece: UnsafePointer<CChar>?,
    size: UnsafeMutablePointer<Int>?, exchange: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> MHD_Result {
    guard let context, let connection, let method, let pointer = exchange?.pointee else { return .NO }
    let exchange = Unmanaged<Exchange>.fromOpaque(pointer).takeUnretainedValue()
    if !exchange.headersSeen {
        exchange.headersSeen = true
        MHD_get_connection_values(connection, .HEADER_KIND, collectHeader, pointer)
        return .YES
    }
    if let piece, let size, size.pointee > 0 {
        exchange.body += UnsafeRawBufferPointer(start: piece, count: size.pointee)
        size.pointee = 0
        return .YES
    }
    let target = exchange.target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    let request = ServerRequest(
        method: String(cString: method), path: String(target[0]), query: target.count > 1 ? String(target[1]) : "",
        headers: exchange.headers, body: exchange.body)
    let handler = Unmanaged<Handler>.fromOpaque(context).takeUnretainedValue()
    return answer(handler.call(request), on: connection)
}

private func collectHeader(
    exchange: UnsafeMutableRawPointer?, _: MHD_ValueKind, name: UnsafePointer<CChar>?, value: UnsafePointer<CChar>?
) -> MHD_Result {
    guard let exchange, let name, let value else { return .YES }
    Unmanaged<Exchange>.fromOpaque(exchange).takeUnretainedValue().headers
        .append((String(cString: name).lowercased(), String(cString: value)))
    return .YES
}

private func answer(_ reply: ServerReply, on connection: OpaquePointer) -> MHD_Result {
    let response: OpaquePointer?
    let status: Int
    switch reply {
    case .drop:
        return .NO  // libmicrohttpd then closes without an answer
    case .answer(let code, let headers, var body):
        status = code
        response = MHD_create_response_from_buffer(body.count, &body, .RESPMEM_MUST_COPY)
        for header in headers { MHD_add_response_header(response, header.name, header.value) }
    case .truncated(let code, let length, let body):
        status = code
        response = truncated(body, announcing: length)
    }
    guard let response else { return .NO }
    defer { MHD_destroy_response(response) }
    return MHD_queue_response(connection, UInt32(clamping: status), response)
}

private final class Truncated {
    let body: [UInt8]

    init(body: [UInt8]) {
        self.body = body
    }
}

private func truncated(_ body: [UInt8], announcing length: Int) -> OpaquePointer? {
    MHD_create_response_from_callback(
        UInt64(length), 4096,
        { context, position, buffer, room in
            guard let context, let buffer else { return cmhd_end_with_error }
            let body = Unmanaged<Truncated>.fromOpaque(context).takeUnretainedValue().body
            let rest = body.dropFirst(Int(position)).prefix(room)
            if rest.isEmpty { return cmhd_end_with_error }
            UnsafeMutableRawBufferPointer(start: buffer, count: room).copyBytes(from: rest)
            return rest.count
        },
        Unmanaged.passRetained(Truncated(body: body)).toOpaque(),
        { context in
            if let context { Unmanaged<Truncated>.fromOpaque(context).release() }
        })
}
