import Basics
import Testing

@Suite struct TextTests {
    @Test(
        "A time is written in UTC, to the ms",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"),
            (1, "1970-01-01T00:00:00.001Z"),
            (999, "1970-01-01T00:00:00.999Z"),
            (1_709_210_096_007, "2024-02-29T12:34:56.007Z"),
            (1_795_169_730_120, "2026-11-20T10:15:30.120Z"),
            (4_102_444_799_999, "2099-12-31T23:59:59.999Z"),
            // A sender may sign any time.
            (-1, "1969-12-31T23:59:59.999Z"),
            (-1000, "1969-12-31T23:59:59.000Z"),
        ])
    func iso8601(_ milliseconds: Int, _ text: String) {
        #expect(Timestamp(milliseconds: milliseconds).iso8601 == text)
    }

    @Test(
        "An id from outside is bounded",
        arguments: [
            ("", ""), ("0c5e-94b2", "0c5e-94b2"), ("!~", "!~"), ("a b\n\"\u{7f}é😀", "a?b?\"???"),
            (String(repeating: "x", count: 128), String(repeating: "x", count: 128)),
            (String(repeating: "x", count: 5_000) + "y", String(repeating: "x", count: 128)),
        ])
    func boundedID(_ text: String, _ id: String) {
        #expect(text.boundedID == id)
    }

    @Test("The clock moves forward") func now() {
        let first = Timestamp.now()
        #expect(first > Timestamp(milliseconds: 1_700_000_000_000))
        #expect(Timestamp.now() >= first)
    }

    @Test(
        "Chunks keep the order",
        arguments: [
            (0, []), (1, [[0]]), (3, [[0, 1, 2]]), (4, [[0, 1, 2], [3]]), (6, [[0, 1, 2], [3, 4, 5]]),
        ] as [(Int, [[Int]])])
    func chunks(_ count: Int, _ chunks: [[Int]]) {
        #expect(Array(0..<count).chunks(of: 3) == chunks)
    }

    /// A character beyond the basic plane has two units.
    @Test(
        "A prefix by UTF-16 units splits no character",
        arguments: [
            ("", ""), ("abc", "abc"), ("abcd", "abcd"), ("abcde", "abcd"), ("éééé", "éééé"), ("日本東京都", "日本東京"),
            ("😀😀", "😀😀"), ("a😀😀", "a😀"), ("abc😀", "abc"),
        ])
    func prefixUTF16(_ text: String, _ prefix: String) {
        #expect(text.prefix(utf16: 4) == prefix)
    }

    @Test("An excerpt has 255 UTF-16 units") func excerpt() {
        #expect(String(repeating: "x", count: 300).excerpt == String(repeating: "x", count: 255))
        #expect("short".dropFirst().excerpt == "hort")
    }

    @Test(
        "White space at both ends is trimmed",
        arguments: [
            ("", ""), (" ", ""), ("\r\n\t ", ""), ("a", "a"), (" a b ", "a b"), ("a\r\n", "a"),
            ("\u{a0}é\u{2003}", "é"),
        ])
    func trimmed(_ text: String, _ trimmed: String) {
        #expect(String(text.trimmed) == trimmed)
        #expect(String(Substring(text).trimmed) == trimmed)
    }

    @Test(
        "Names are equal in any case of their letters, and only then",
        arguments: [
            ("", "", true), ("X-Amz", "x-aMZ", true), ("a", "", false), ("a", "b", false), ("A@Z[", "a@z[", true),
            ("@", "`", false), ("[", "{", false), ("É", "é", false), ("Content-Type", "Content_Type", false),
        ])
    func equalIgnoringCase(_ one: String, _ other: String, _ areEqual: Bool) {
        #expect(isEqualIgnoringCase(one, other) == areEqual)
        #expect(isEqualIgnoringCase(other, one) == areEqual)
    }
}
