import Foundation

/// A TCP server on loopback that can misbehave, unlike an HTTP server: it counts connections, closes them at any time,
/// and answers with any bytes.
public final class RawServer: Sendable {
    public let port: UInt16
    public var url: String { "http://127.0.0.1:\(port)" }

    private let listener: Int32

    /// Each connection has a thread that runs `serve`, and is closed when `serve` returns.
    public init(_ serve: @escaping @Sendable (RawConnection) -> Void) throws {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        let bound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, size) == 0 && listen(listener, 16) == 0 && getsockname(listener, $0, &size) == 0
            }
        }
        guard bound else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        port = UInt16(bigEndian: address.sin_port)
        Thread {
            var number = 0
            while true {
                let descriptor = accept(listener, nil, nil)
                // The server has shut down.
                guard descriptor >= 0 else { break }
                number += 1
                let connection = RawConnection(descriptor: descriptor, number: number)
                Thread { serve(connection) }.start()
            }
            close(listener)
        }.start()
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
    }
}

/// One accepted connection.
public final class RawConnection: @unchecked Sendable {
    /// Its number among the server's connections, from 1.
    public let number: Int
    private let descriptor: Int32
    private var received: [UInt8] = []

    init(descriptor: Int32, number: Int) {
        self.descriptor = descriptor
        self.number = number
    }

    deinit {
        close(descriptor)
    }

    /// The next request with its body, as text; nil when the client closed.
    public func readRequest() -> String? {
        let blank = Array("\r\n\r\n".utf8)
        while true {
            if let end = received.firstRange(of: blank)?.upperBound {
                let length = contentLength(String(decoding: received[..<end], as: UTF8.self))
                if received.count >= end + length {
                    defer { received.removeFirst(end + length) }
                    return String(decoding: received.prefix(end + length), as: UTF8.self)
                }
            }
            if !readMore() { return nil }
        }
    }

    /// Waits for any byte; false when the client closed.
    @discardableResult
    public func readMore() -> Bool {
        var piece = [UInt8](repeating: 0, count: 65536)
        let count = recv(descriptor, &piece, piece.count, 0)
        if count > 0 { received += piece[..<count] }
        return count > 0
    }

    public func send(_ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if sent <= 0 { return }
            rest = rest.dropFirst(sent)
        }
    }

    /// Sends a complete response that keeps the connection.
    public func answer(_ status: Int, headers: [String] = [], _ body: String = "") {
        let lines = ["HTTP/1.1 \(status) x", "Content-Length: \(body.utf8.count)"] + headers
        send(lines.joined(separator: "\r\n") + "\r\n\r\n" + body)
    }

    private func contentLength(_ head: String) -> Int {
        for line in head.components(separatedBy: "\r\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2, parts[0].lowercased() == "content-length" {
                return Int(parts[1].trimmingCharacters(in: .whitespaces)) ?? 0
            }
        }
        return 0
    }
}
