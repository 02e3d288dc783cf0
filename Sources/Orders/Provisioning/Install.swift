import AWS
import Basics
import Crypto

/// What is known of a WHMCS install: whether a marker that is written comes back. `notes` in AddOrder is not documented,
/// and a custom field may be one that AddOrder does not fill, so that it may work on one install and not on the next, or
/// no longer after an update.
struct Install {
    /// A way in which an order carries its marker.
    enum Channel: Hashable {
        case notes
        /// The custom field of that id; each product has its own.
        case field(Int)

        fileprivate var attribute: String {
            switch self {
            case .notes: "notes"
            case .field(let id): "field\(id)"
            }
        }
    }

    /// What this process has written already, so that not every order writes.
    final class Memory {
        fileprivate var proven: Set<Channel> = []
    }

    private let key: String
    private let ledger: Ledger
    private let memory: Memory

    init(url: String, ledger: Ledger, memory: Memory) {
        key = "install#" + hex(sha256(Array(url.utf8)))
        self.ledger = ledger
        self.memory = memory
    }

    /// Whether one of the channels brought its marker back when it was last looked at.
    func isProven(_ channels: [Channel]) throws -> Bool {
        let item = try ledger.table.get(key)
        return channels.contains { item?[$0.attribute]?.bool == true }
    }

    /// That a channel does not work is written each time: another process may have said otherwise meanwhile.
    func remember(_ cameBack: [Channel: Bool]) throws {
        let news = cameBack.filter { !$0.value || !memory.proven.contains($0.key) }
        guard !news.isEmpty else { return }
        var changes: Changes = ["updatedAt": .milliseconds(ledger.now())]
        for (channel, value) in news { changes[channel.attribute] = .bool(value) }
        // The last one to have looked is right.
        let always = Write.Expression("attribute_exists(#pk) OR attribute_not_exists(#pk)")
        _ = try ledger.table.write(.update(key, update(changes), if: always))
        for (channel, value) in news {
            if value { memory.proven.insert(channel) } else { memory.proven.remove(channel) }
        }
    }
}
