import Foundation
import JSON

/// Stands in for the X-Ray daemon: a UDP socket on loopback that keeps what it receives.
public final class XRayReceiver: Sendable {
    /// The value of `AWS_XRAY_DAEMON_ADDRESS`.
    public let address: String
    private let datagrams = Recorder<[UInt8]>()
    private let descriptor: Int32

    public init() throws {
        descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let bound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 && getsockname(descriptor, $0, &size) == 0
            }
        }
        guard bound else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        self.address = "127.0.0.1:\(UInt16(bigEndian: address.sin_port))"
        Thread { [datagrams] in
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            while true {
                let count = recv(descriptor, &buffer, buffer.count, 0)
                // The receiver has shut down.
                guard count > 0 else { break }
                datagrams.append(Array(buffer.prefix(count)))
            }
            close(descriptor)
        }.start()
    }

    deinit {
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    /// How many datagrams have come.
    public var count: Int { datagrams.values.count }

    /// The documents, in the order of their arrival: what follows the header line. Null for a datagram without it.
    public var documents: [JSON] {
        datagrams.values.map { datagram in
            let lines = datagram.split(separator: UInt8(ascii: "\n"), maxSplits: 1)
            guard lines.count == 2, JSON(Array(lines[0])) == ["format": "json", "version": 1] else { return .null }
            return JSON(Array(lines[1])) ?? .null
        }
    }

    /// Waits until there are so many; returns those that have come after 5 s.
    public func documents(atLeast count: Int) -> [JSON] {
        let end = Date(timeIntervalSinceNow: 5)
        while self.count < count, Date() < end { usleep(1000) }
        return documents
    }
}

extension JSON {
    /// What is wrong with a subsegment that is sent by itself ("AWS X-Ray segment documents").
    public var faultsAsSubsegment: [String] {
        guard let document = object else { return ["it is no object"] }
        var faults: [String] = []
        func check(_ name: String, _ isRight: (JSON) -> Bool) {
            if document[name].map(isRight) != true { faults.append("\(name) is \(document[name] ?? .null)") }
        }
        check("type") { $0 == "subsegment" }
        check("id", isID)
        check("parent_id", isID)
        check("trace_id") { $0.string?.wholeMatch(of: /1-[0-9a-f]{8}-[0-9a-f]{24}/) != nil }
        check("name") { $0.string?.wholeMatch(of: /[\p{L}\p{N}\s_.:\/%&#=+\\\-@]{1,200}/) != nil }
        check("namespace") { ["aws", "remote"].contains($0) }
        check("start_time", isSeconds)
        check("end_time") { isSeconds($0) && seconds($0) >= seconds(document["start_time"] ?? .null) }
        for (name, value) in document where !Self.required.contains(name) {
            let isRight =
                switch name {
                case "error", "fault", "throttle": value.bool != nil
                case "http": isHTTP(value)
                case "aws":
                    value.object?.allSatisfy { ["operation", "request_id"].contains($0) && isText($1) } == true
                case "cause": isCause(value)
                default: false
                }
            if !isRight { faults.append("\(name) is \(value)") }
        }
        return faults
    }

    private static let required: Set = [
        "type", "id", "parent_id", "trace_id", "name", "namespace", "start_time", "end_time",
    ]
}

private func isID(_ value: JSON) -> Bool { value.string?.wholeMatch(of: /[0-9a-f]{16}/) != nil }
private func isText(_ value: JSON) -> Bool { value.string.map { (1...250).contains($0.count) } == true }

private func seconds(_ value: JSON) -> Double {
    guard case .number(let number) = value else { return 0 }
    return number
}

/// Of this century, and no milliseconds.
private func isSeconds(_ value: JSON) -> Bool { (946_684_800...4_102_444_800).contains(seconds(value)) }

private func isHTTP(_ value: JSON) -> Bool {
    guard let parts = value.object, Set(parts.keys).isSubset(of: ["request", "response"]) else { return false }
    let request = parts["request"]?.object ?? [:]
    let response = parts["response"]?.object ?? [:]
    // A URL would have ids in it.
    return Set(request.keys) == ["method"] && isText(request["method"] ?? .null)
        && Set(response.keys).isSubset(of: ["status", "content_length"])
        && response.values.allSatisfy { $0.integer != nil && $0.string == nil }
}

private func isCause(_ value: JSON) -> Bool {
    guard value.object?.keys.elementsEqual(["exceptions"]) == true, let exceptions = value["exceptions"]?.array else {
        return false
    }
    return exceptions.allSatisfy {
        isID($0["id"] ?? .null) && isText($0["type"] ?? .null) && isText($0["message"] ?? .null)
            && $0["remote"]?.bool != nil && $0.object?.count == 4
    }
}
