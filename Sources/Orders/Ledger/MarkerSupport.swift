import AWS
import Basics
import Crypto
import JSON

/// Whether a WHMCS install returns the markers that AddOrder writes. It differs between installs and may change with an
/// update: `notes` in AddOrder is not documented, and AddOrder may not fill a custom field.
struct MarkerSupport {
    /// A place where an order carries its marker.
    enum Channel: Hashable {
        case notes
        /// The product custom field of that id.
        case field(Int)

        /// Attribute of the item; each channel has one.
        fileprivate var attribute: String {
            switch self {
            case .notes: "notes"
            case .field(let id): "field\(id)"
            }
        }
    }

    /// The channels that this process has already recorded as proven, to save a write for each order.
    final class Cache {
        fileprivate var proven: Set<Channel> = []
    }

    private let key: String
    private let ledger: Ledger
    private let cache: Cache

    init(whmcsURL: String, ledger: Ledger, cache: Cache) throws(CryptoFailure) {
        key = try ItemKey.markerSupport(whmcsURL: whmcsURL)
        self.ledger = ledger
        self.cache = cache
    }

    /// Whether one of the channels returned its marker when last looked at.
    func isProven(_ channels: [Channel]) throws -> Bool {
        let item = try ledger.table.get(key)
        return channels.contains { item?[$0.attribute]?.bool == true }
    }

    /// Records which channels returned their marker; the last observation counts. A channel that did not is recorded
    /// each time, since another process may have recorded the opposite.
    func record(_ returned: [Channel: Bool]) throws {
        let news = returned.filter { !$0.value || !cache.proven.contains($0.key) }
        guard !news.isEmpty else { return }
        var values: [String: JSON] = [Attribute.updatedAt.rawValue: .milliseconds(ledger.now())]
        for (channel, isReturned) in news { values[channel.attribute] = .bool(isReturned) }
        let assignments = values.keys.sorted().map { "#\($0) = :\($0)" }.joined(separator: ", ")
        let always = Condition.present(.key) || .absent(.key)
        _ = try ledger.table.write(
            .update(key, Write.Expression("SET " + assignments, values), if: always.expression))
        for (channel, isReturned) in news {
            if isReturned { cache.proven.insert(channel) } else { cache.proven.remove(channel) }
        }
    }
}
