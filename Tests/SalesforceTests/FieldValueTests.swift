import Basics
import Foundation
import Salesforce
import Testing

@Suite struct FieldValueTests {
    /// Salesforce counts as UTF-16 does: what is beyond the basic plane counts twice, and is never halved.
    @Test(arguments: [
        ("", ""), ("abc", "abc"), ("abcd", "abcd"), ("abcde", "abcd"), ("éééé", "éééé"), ("日本東京都", "日本東京"),
        ("😀😀", "😀😀"), ("a😀😀", "a😀"), ("abc😀", "abc"),
    ])
    func textIsCutToItsField(_ text: String, _ kept: String) {
        #expect(FieldValue.text(text, limit: 4) == .string(kept))
    }

    @Test func aFieldHolds255() {
        #expect(FieldValue.cut(String(repeating: "x", count: 256)).utf16.count == 255)
        #expect(FieldValue.cut(String(repeating: "😀", count: 200)).utf16.count == 254)
    }

    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (7, "1970-01-01T00:00:00.007Z"),
            (1_795_169_730_000, "2026-11-20T10:15:30.000Z"),
            (1_795_169_730_001, "2026-11-20T10:15:30.001Z"), (1_795_169_730_999, "2026-11-20T10:15:30.999Z"),
            (1_709_164_800_070, "2024-02-29T00:00:00.070Z"),
        ] as [(Timestamp, String)])
    func aTimeIsWrittenInUTC(_ ms: Timestamp, _ text: String) {
        #expect(FieldValue.datetime(ms) == .string(text))
    }
}
