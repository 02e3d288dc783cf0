import Crypto

/// PHP's serialization, the form of custom fields in AddOrder.
public enum PHPSerialized {
    /// Custom field id → value in base64, as AddOrder takes it for each line.
    public static func base64(_ fields: [Int: String]) -> String { Crypto.base64(Array(array(fields).utf8)) }

    /// `a:1:{i:101;s:1:"7";}`. Lengths are in bytes of UTF-8. Keys are sorted, so that equal maps have equal texts.
    static func array(_ fields: [Int: String]) -> String {
        let entries = fields.sorted { $0.key < $1.key }.map { key, value in
            "i:\(key);s:\(value.utf8.count):\"\(value)\";"
        }
        return "a:\(entries.count):{\(entries.joined())}"
    }
}
