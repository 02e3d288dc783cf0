import Basics
import JSON

/// Values as Salesforce's fields take them.
public enum FieldValue {
    /// How many units a text field holds, unless an org has made it shorter.
    ///
    /// Salesforce refuses longer text (`STRING_TOO_LONG`). That it counts UTF-16 units is common knowledge, neither
    /// documented nor tested here; it is the safe assumption, since no text has fewer UTF-16 units than characters.
    public static let textLength = 255

    /// As much of the text as a field of that length holds.
    public static func text(_ text: String, length: Int = textLength) -> JSON { .string(text.prefix(utf16: length)) }

    /// Whether a text field holds all of the text.
    public static func fits(_ text: String) -> Bool { text.utf16.count <= textLength }

    /// `2026-11-20T10:15:30.000Z`.
    public static func datetime(_ time: Timestamp) -> JSON { .string(time.iso8601) }
}
