import Crypto

/// PHP's serialisation of an array: the form in which custom fields and configurable options travel.
public enum PHPSerialized {
    /// `a:1:{i:101;s:1:"7";}`. Lengths are in bytes of UTF-8. Keys are sorted, so that the same map is the same text.
    public static func map(_ entries: [String: String]) -> String {
        let keyed = entries.map { (key: Key($0.key), value: $0.value) }.sorted { $0.key < $1.key }
        return "a:\(keyed.count):{\(keyed.map { $0.key.serialized + string($0.value) }.joined())}"
    }

    /// Custom field id → value, in base64 as AddOrder takes it for each line.
    public static func customFields(_ fields: [Int: String]) -> String {
        base64(Dictionary(uniqueKeysWithValues: fields.map { (String($0), $1) }))
    }

    public static func base64(_ entries: [String: String]) -> String {
        Crypto.base64(Array(map(entries).utf8))
    }

    private static func string(_ text: String) -> String { "s:\(text.utf8.count):\"\(text)\";" }

    private enum Key: Comparable {
        case integer(Int64)
        case string(String)

        /// PHP makes an integer of a key that is written exactly as an integer is: "7" and "-7", not "07", "+7" or "-0".
        init(_ text: String) {
            if let number = Int64(text), String(number) == text {
                self = .integer(number)
            } else {
                self = .string(text)
            }
        }

        var serialized: String {
            switch self {
            case .integer(let number): "i:\(number);"
            case .string(let text): PHPSerialized.string(text)
            }
        }
    }
}
