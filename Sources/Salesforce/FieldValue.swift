import Basics
import JSON

/// Values as Salesforce's fields take them.
public enum FieldValue {
    /// Text for a field of that length. Salesforce counts UTF-16 units, and refuses what is longer.
    public static func text(_ text: String, limit: Int = 255) -> JSON { .string(cut(text, limit: limit)) }

    /// `2026-11-20T10:15:30.000Z`.
    ///
    /// - Parameter ms: since 1970.
    public static func datetime(_ ms: Timestamp) -> JSON {
        .string(ms.iso8601)
    }

    /// As much of the text as fits, never half a character of two units.
    public static func cut(_ text: String, limit: Int = 255) -> String {
        var kept = String.UnicodeScalarView()
        var units = 0
        for scalar in text.unicodeScalars {
            units += UTF16.width(scalar)
            if units > limit { break }
            kept.append(scalar)
        }
        return String(kept)
    }
}
