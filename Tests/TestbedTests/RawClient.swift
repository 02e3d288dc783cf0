import Foundation

/// One connection to a loopback port. It shows the bytes that an HTTP client hides.
final class RawClient {
    struct Response {
        var status: Int
        /// Names in lower case.
        var headers: [String: String]
        var body: [UInt8]
        /// Whether as many bytes arrived as Content-Length announces.
        var complete: Bool

        var text: String { String(decoding: body, as: UTF8.self) }
    }

    private let port: UInt16
    private let descriptor: Int32
    private var received: [UInt8] = []

    init(port: UInt16) throws {
        self.port = port
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if connected != 0 { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    }

    deinit {
        close(descriptor)
    }

    /// Sends a request. Returns nil when the connection closes without a byte of an answer.
    func send(
        _ method: String, _ target: String, headers: [String: String] = [:], body: [UInt8] = []
    ) -> Response? {
        var head = "\(method) \(target) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\n"
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        if !body.isEmpty || ["POST", "PATCH"].contains(method) { head += "Content-Length: \(body.count)\r\n" }
        write(Array((head + "\r\n").utf8) + body)
        return receive(bodyless: method == "HEAD")
    }

    private func write(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if sent <= 0 { return }
            rest = rest.dropFirst(sent)
        }
    }

    private func receive(bodyless: Bool) -> Response? {
        received = []
        while received.firstRange(of: Array("\r\n\r\n".utf8)) == nil {
            if !readMore() { return nil }
        }
        guard let blank = received.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        let lines = String(decoding: received[..<blank.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
            if parts.count == 2 { headers[parts[0].lowercased()] = parts[1] }
        }
        let length = bodyless ? 0 : headers["content-length"].flatMap { Int($0) } ?? 0
        while received.count - blank.upperBound < length, readMore() {}
        let body = Array(received[blank.upperBound...])
        let status = lines[0].split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return Response(status: status, headers: headers, body: body, complete: body.count == length)
    }

    private func readMore() -> Bool {
        var piece = [UInt8](repeating: 0, count: 65536)
        let count = recv(descriptor, &piece, piece.count, 0)
        if count > 0 { received += piece[..<count] }
        return count > 0
    }
}

/// Sends one request on a connection of its own.
func request(
    _ port: UInt16, _ method: String, _ target: String, headers: [String: String] = [:], body: String = ""
) throws -> RawClient.Response? {
    try RawClient(port: port).send(method, target, headers: headers, body: Array(body.utf8))
}
