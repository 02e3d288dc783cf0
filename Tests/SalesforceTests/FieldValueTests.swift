import Basics
import Foundation
import Salesforce
import Testing

@Suite struct FieldValueTests {
    @Test(
        "Text is cut to 255 UTF-16 units, or to the length of its field",
        arguments: [
            ("", ""), (String(repeating: "é", count: 255), String(repeating: "é", count: 255)),
            (String(repeating: "x", count: 256), String(repeating: "x", count: 255)),
            (String(repeating: "😀", count: 200), String(repeating: "😀", count: 127)),
        ])
    func text(_ text: String, _ kept: String) {
        #expect(FieldValue.text(text) == .string(kept))
        #expect(FieldValue.fits(text) == (text == kept))
        #expect(FieldValue.text(text, length: 1000) == .string(text))
    }

    @Test(
        "A time is written in UTC",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (7, "1970-01-01T00:00:00.007Z"),
            (1_795_169_730_000, "2026-11-20T10:15:30.000Z"),
            (1_795_169_730_001, "2026-11-20T10:15:30.001Z"), (1_795_169_730_999, "2026-11-20T10:15:30.999Z"),
            (1_709_164_800_070, "2024-02-29T00:00:00.070Z"),
        ] as [(Timestamp, String)])
    func datetime(_ time: Timestamp, _ text: String) {
        #expect(FieldValue.datetime(time) == .string(text))
    }
}
