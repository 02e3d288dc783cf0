import CMicroHTTPD
import Foundation

/// An HTTP/1.1 server on loopback. Every connection has a thread, so a handler may block.
public final class LoopbackServer: Sendable {
    /// The server cannot listen; the text has the address and the reason.
    public struct Unavailable: Error, CustomStringConvertible {
        public var description: String
    }

    public let port: UInt16
    public var url: String { "http://127.0.0.1:\(port)" }

    private let daemon: Daemon

    /// Listens on 127.0.0.1. Port 0 takes a free one. Many threads call the handler at once.
    public init(port: UInt16 = 0, handler: @escaping @Sendable (ServerRequest) -> ServerReply) throws {
        let context = Unmanaged.passRetained(Handler(call: handler))
        guard let pointer = cmhd_start(port, access, context.toOpaque(), completed, uriLog) else {
            context.release()
            throw Unavailable(description: "127.0.0.1:\(port): \(String(cString: strerror(errno)))")
        }
        daemon = Daemon(pointer: pointer, context: context)
        self.port = cmhd_port(pointer)
    }

    /// Takes no new requests, closes every connection, and waits for the handlers at work. End long polls first, and do
    /// not call it from a handler. Harmless when called again.
    public func stop() {
        daemon.stop()
    }

    /// Refuses connections from now on, as a host does where nothing listens. Open connections stay.
    func refuse() {
        daemon.refuse()
    }

    deinit {
        daemon.stop()
    }
}

/// The running daemon. It is stopped once.
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
            // Closing it alone does not stop the daemon's thread, which still polls it.
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

/// A request while it arrives, from its first line until it is answered.
private final class IncomingRequest {
    let target: String
    var headersSeen = false
    var headers: [(name: String, value: String)] = []
    var body: [UInt8] = []

    init(target: String) {
        self.target = target
    }
}

/// Keeps the target as sent. libmicrohttpd removes the percent encoding afterwards.
private func uriLog(
    _: UnsafeMutableRawPointer?, uri: UnsafePointer<CChar>?, _: OpaquePointer?
) -> UnsafeMutableRawPointer? {
    Unmanaged.passRetained(IncomingRequest(target: uri.map { String(cString: $0) } ?? "/")).toOpaque()
}

private func completed(
    _: UnsafeMutableRawPointer?, _: OpaquePointer?, incoming: UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
    _: MHD_RequestTerminationCode
) {
    guard let pointer = incoming?.pointee else { return }
    Unmanaged<IncomingRequest>.fromOpaque(pointer).release()
    incoming?.pointee = nil
}

/// Called once with the headers, once for each piece of the body, and once at its end.
private func access(
    context: UnsafeMutableRawPointer?, connection: OpaquePointer?, _: UnsafePointer<CChar>?,
    method: UnsafePointer<CChar>?, _: UnsafePointer<CChar>?, piece: UnsafePointer<CChar>?,
    size: UnsafeMutablePointer<Int>?, incoming: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> MHD_Result {
    guard let context, let connection, let method, let pointer = incoming?.pointee else { return .NO }
    let incoming = Unmanaged<IncomingRequest>.fromOpaque(pointer).takeUnretainedValue()
    if !incoming.headersSeen {
        incoming.headersSeen = true
        MHD_get_connection_values(connection, .HEADER_KIND, collectHeader, pointer)
        return .YES
    }
    if let piece, let size, size.pointee > 0 {
        incoming.body += UnsafeRawBufferPointer(start: piece, count: size.pointee)
        size.pointee = 0
        return .YES
    }
    let target = incoming.target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    let request = ServerRequest(
        method: String(cString: method), path: String(target[0]), query: target.count > 1 ? String(target[1]) : "",
        headers: incoming.headers, body: incoming.body)
    let handler = Unmanaged<Handler>.fromOpaque(context).takeUnretainedValue()
    return answer(handler.call(request), on: connection)
}

private func collectHeader(
    incoming: UnsafeMutableRawPointer?, _: MHD_ValueKind, name: UnsafePointer<CChar>?, value: UnsafePointer<CChar>?
) -> MHD_Result {
    guard let incoming, let name, let value else { return .YES }
    Unmanaged<IncomingRequest>.fromOpaque(incoming).takeUnretainedValue().headers
        .append((String(cString: name).lowercased(), String(cString: value)))
    return .YES
}

private func answer(_ reply: ServerReply, on connection: OpaquePointer) -> MHD_Result {
    let response: OpaquePointer?
    let status: Int
    switch reply {
    case .drop:
        // libmicrohttpd then closes the connection without an answer.
        return .NO
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
