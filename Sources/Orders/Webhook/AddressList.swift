import Basics
import Glibc

/// Addresses and networks (CIDR), of IPv4 and IPv6.
struct AddressList: Equatable {
    private struct Network: Equatable {
        var address: [UInt8]
        var prefix: Int
    }

    /// Allows every address.
    static let any = AddressList(networks: [])

    private var networks: [Network]

    private init(networks: [Network]) {
        self.networks = networks
    }

    /// - Parameter text: separated by commas; empty allows any address.
    /// - Returns: nil when an entry is not an address or network.
    init?(_ text: String) {
        self = .any
        for entry in text.split(separator: ",").map(\.trimmed) where !entry.isEmpty {
            let parts = entry.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count <= 2, let address = AddressList.bytes(String(parts[0])) else { return nil }
            let isMapped = address.count == 4 && parts[0].contains(":")
            guard let length = parts.count == 2 ? AddressList.length(parts[1]) : isMapped ? 128 : address.count * 8
            else { return nil }
            // A mapped address begins with 96 bits that all of them have in common.
            let prefix = isMapped ? length - 96 : length
            guard (0...address.count * 8).contains(prefix) else { return nil }
            networks.append(Network(address: address, prefix: prefix))
        }
        // Commas alone are a list that lost its entries; it must not allow everybody.
        guard !networks.isEmpty || text.trimmed.isEmpty else { return nil }
    }

    func allows(_ text: String) -> Bool {
        guard !networks.isEmpty else { return true }
        guard let address = AddressList.bytes(text) else { return false }
        return networks.contains { network in
            network.address.count == address.count
                && (0..<network.prefix).allSatisfy { bit in
                    (network.address[bit / 8] ^ address[bit / 8]) & (0x80 >> (bit % 8)) == 0
                }
        }
    }

    /// Digits only: `Int` alone would take a sign.
    private static func length(_ text: Substring) -> Int? {
        text.utf8.allSatisfy(isDigit) ? Int(text) : nil
    }

    /// 4 or 16 bytes; an IPv4 address in IPv6 form (`::ffff:192.0.2.1`) is the IPv4 address.
    private static func bytes(_ text: String) -> [UInt8]? {
        var four = [UInt8](repeating: 0, count: 4)
        if inet_pton(AF_INET, text, &four) == 1 { return four }
        var sixteen = [UInt8](repeating: 0, count: 16)
        guard inet_pton(AF_INET6, text, &sixteen) == 1 else { return nil }
        let isMapped = sixteen[..<10].allSatisfy { $0 == 0 } && sixteen[10...11].allSatisfy { $0 == 0xff }
        return isMapped ? Array(sixteen[12...]) : sixteen
    }
}
