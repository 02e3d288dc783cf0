import JSON
import Testing

@Suite struct JSONTests {
    @Test(
        "JSON is read, and what is written is read back",
        arguments: [
            ("null", .null), ("true", true), ("false", false), ("0", 0), ("1", 1), ("-17", -17), ("1.5", .number(1.5)),
            ("\"\"", ""), ("\"true\"", "true"), ("\"1\"", "1"), ("[]", []), ("{}", [:]),
            (" [1, \"a\", null, [true]] ", [1, "a", .null, [true]]),
            ("{\"a\": {\"b\": [1]}, \"c\": null}", ["a": ["b": [1]], "c": .null]),
            ("\u{feff}[1]", [1]), ("{\"a\":1,\"a\":2}", ["a": 2]), ("1E+2", 100), ("1e-2", .number(0.01)),
            ("\"\\/\\b\\f\\n\\r\\t\\u0000\"", "/\u{8}\u{c}\n\r\t\u{0}"),
            ("\"caf\\u00e9 \\ud83d\\ude00 \\\"\\\\\\n\"", "café 😀 \"\\\n"),
        ] as [(String, JSON)])
    func reads(_ text: String, _ value: JSON) {
        #expect(JSON(Array(text.utf8)) == value)
        #expect(JSON(value.bytes) == value)
    }

    @Test(
        "Any other text is nil",
        arguments: [
            "", " ", "nul", "{", "{\"a\"}", "<html>", "'a'", "1 2", "{} x", "\"\\ud800\"", "\"\\udc00\"",
            "\"\\ud800\\u0041\"",
            "\"\\u12g4\"", "\"\\u12", "\"\\", "\"\\x\"", "\"a", "\"\n\"", "01", "-", "1.", ".5", "+1", "1e", "0x1",
            "NaN",
            "1e999",
            "[1,]", "[,]", "[1 2]", "{\"a\":1,}", "{a:1}", "{1:1}", "[", "]", "\u{feff}", "nulll",
            String(repeating: "[", count: 100_000),
        ])
    func malformed(_ text: String) {
        #expect(JSON(Array(text.utf8)) == nil)
    }

    @Test("Invalid UTF-8 is nil") func invalidUTF8() {
        #expect(JSON([0x22, 0xff, 0xfe, 0x22]) == nil)
    }

    @Test(
        "JSON is written compactly with sorted keys",
        arguments: [
            (["b": 1, "a": [true, .null, "x/y"]], "{\"a\":[true,null,\"x/y\"],\"b\":1}"),
            (.number(1.5), "1.5"), (.number(-0.0), "0"), (1_800_000_000_000, "1800000000000"),
            ("é\n\"", "\"é\\n\\\"\""),
            (.number(9_007_199_254_740_992), "9007199254740992"),
            // JSON cannot write these; the rest of the value must survive.
            (["a": .number(.nan), "b": [.number(.infinity)], "c": "kept"], "{\"a\":null,\"b\":[null],\"c\":\"kept\"}"),
        ] as [(JSON, String)])
    func writes(_ value: JSON, _ text: String) {
        #expect(String(decoding: value.bytes, as: UTF8.self) == text)
    }

    @Test(
        "A string or a number is read as text",
        arguments: [
            ("185", "185"), (185, "185"), (.number(185.5), "185.5"), (-1, "-1"), ("", ""), (true, nil), (.null, nil),
            ([], nil), ([:], nil),
        ] as [(JSON, String?)])
    func stringOrNumber(_ value: JSON, _ text: String?) {
        #expect(value.stringOrNumber == text)
    }

    @Test(
        "A whole number is read from a number or text",
        arguments: [
            (185, 185), ("185", 185), ("185.0", 185), ("-3", -3), (.number(185.0), 185), (.number(185.5), nil),
            ("185.5", nil), ("", nil), ("x", nil), ("1 ", nil), ("0x10", nil), ("nan", nil), ("inf", nil), (true, nil),
            (.null, nil), (.number(1e300), nil), ("1e300", nil), ([1], nil),
        ] as [(JSON, Int?)])
    func integer(_ value: JSON, _ integer: Int?) {
        #expect(value.integer == integer)
    }

    @Test(
        "A time is within the years that arithmetic can bear",
        arguments: [
            (0, 0), ("1795169730000", 1_795_169_730_000), (253_402_300_799_999, 253_402_300_799_999),
            (253_402_300_800_000, nil), (-1, nil), ("-9223372036854775808", nil), ("9223372036854775807", nil),
            ("soon", nil),
        ] as [(JSON, Int?)])
    func timestamp(_ value: JSON, _ milliseconds: Int?) {
        #expect(value.timestamp?.milliseconds == milliseconds)
    }

    @Test("A value of another type is nil") func otherTypes() {
        let value: JSON = ["a": [1], "b": true, "n": .null]
        #expect(value["a"]?.array == [1])
        #expect(value["b"]?.bool == true)
        #expect(value["n"] == .null)
        #expect(value["none"] == nil)
        #expect(value.object?.keys.sorted() == ["a", "b", "n"])
        #expect(value.array == nil)
        #expect(value["a"]?.object == nil)
        #expect(value["a"]?["b"] == nil)
        #expect(value["a"]?.bool == nil)
        #expect(JSON.string("true").bool == nil)
    }
}
