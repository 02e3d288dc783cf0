import Foundation
import TestSupport
import Testing
import WHMCS

@Suite struct PHPSerializedTests {
    @Test func aMapIsWrittenAsPHPWritesIt() {
        #expect(PHPSerialized.map([:]) == "a:0:{}")
        #expect(PHPSerialized.map(["101": "7"]) == #"a:1:{i:101;s:1:"7";}"#)
        #expect(
            PHPSerialized.map(["b": "ü", "10": "", "9": "x"]) == #"a:3:{i:9;s:1:"x";i:10;s:0:"";s:1:"b";s:2:"ü";}"#)
    }

    @Test func customFieldsAreBase64() {
        #expect(PHPSerialized.customFields([101: "7"]) == "YToxOntpOjEwMTtzOjE6IjciO30=")
    }

    /// PHP reads back exactly what was meant, with its own idea of which keys are integers.
    @Test(
        arguments: [
            [:], ["101": "7"], ["101": "801Rx0000000001IAA", "7": ""],
            ["07": "leading zero", "+7": "plus", "-0": "minus zero", "-7": "negative", "0": "zero", " 7": "space"],
            ["9223372036854775807": "largest", "9223372036854775808": "too large", "-9223372036854775808": "smallest"],
            ["name": "quote \" semicolon ; brace } backslash \\ newline \n nul \0"],
            ["日本": "東京 – 1丁目", "é": "e\u{301}", "👩‍👩‍👧": "👩‍👩‍👧‍👦 family", "": "empty key"],
        ] as [[String: String]])
    func phpReadsItBack(_ entries: [String: String]) throws {
        let script = """
            $map = unserialize(base64_decode(trim(stream_get_contents(STDIN)), true));
            if ($map === false) exit(1);
            foreach ($map as $key => $value) echo gettype($key), ' ', base64_encode($key), ' ', base64_encode($value), "\\n";
            """
        let lines = try php(script, input: PHPSerialized.base64(entries)).split(separator: "\n")
        let expected = entries.map { key, value in
            let isInteger = Int64(key).map { String($0) == key } ?? false
            return "\(isInteger ? "integer" : "string") \(base64(key)) \(base64(value))"
        }
        #expect(
            lines.map { $0.trimmingCharacters(in: .whitespaces) }.sorted()
                == expected.map { $0.trimmingCharacters(in: .whitespaces) }.sorted())
    }

    /// And byte for byte what PHP would have written itself.
    @Test func phpWritesTheSame() throws {
        let script = "echo serialize([7 => 'ü', 12 => '東京', 'a' => '']);"
        #expect(try php(script, input: "") == PHPSerialized.map(["a": "", "12": "東京", "7": "ü"]))
    }

    private func base64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }

    private func php(_ script: String, input: String) throws -> String {
        try Program.php.text(["-r", script], input: input)
    }
}
