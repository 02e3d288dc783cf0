import Glibc

/// The X-Ray daemon that Lambda runs beside a function. It takes documents over UDP, which neither waits nor answers
/// ("Sending segment documents to the X-Ray daemon").
final class XRayDaemon {
    private var address = sockaddr_in()
    /// Nil until the first document.
    private var descriptor: Int32?

    /// - Parameter address: an IPv4 address and a port, `169.254.100.1:2000`; nil for any other text.
    init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            return nil
        }
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        guard inet_pton(AF_INET, String(text[..<colon]), &address.sin_addr) == 1 else { return nil }
    }

    /// Sends it, or loses it: a call must not wait for its trace, nor fail for it.
    func send(_ document: [UInt8]) {
        let descriptor = descriptor ?? open()
        let datagram = Self.header + document
        _ = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(
                    descriptor, datagram, datagram.count, Int32(MSG_DONTWAIT | MSG_NOSIGNAL), $0,
                    socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    /// Whether it has sent anything.
    var isOpen: Bool { descriptor != nil }

    private static let header = Array("{\"format\":\"json\",\"version\":1}\n".utf8)

    private func open() -> Int32 {
        let opened = socket(AF_INET, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        descriptor = opened
        return opened
    }

    deinit {
        if let descriptor { close(descriptor) }
    }
}
