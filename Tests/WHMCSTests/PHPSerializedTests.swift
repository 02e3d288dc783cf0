import Foundation
import TestSupport
import Testing

@testable import WHMCS

@Suite struct PHPSerializedTests {
    @Test("Custom fields are base64 of a PHP array") func base64() {
        #expect(PHPSerialized.base64([101: "7"]) == "YToxOntpOjEwMTtzOjE6IjciO30=")
    }

    private static let fields: [[Int: String]] = [
        [:], [101: "7"], [101: "801Rx0000000001IAA", 7: "", 10: "x"],
        [Int.max: "largest", 0: "zero", -7: "negative"],
        [1: "quote \" semicolon ; brace } backslash \\ newline \n nul \0"],
        [1: "東京 – 1丁目", 2: "e\u{301}", 3: "👩‍👩‍👧‍👦 family"],
    ]

    @Test("PHP reads it back", arguments: fields) func phpReads(_ fields: [Int: String]) throws {
        let script = """
            $map = unserialize(base64_decode(trim(stream_get_contents(STDIN)), true));
            if ($map === false) exit(1);
            foreach ($map as $key => $value) echo gettype($key), ' ', $key, ' ', bin2hex($value), "\\n";
            """
        let lines = try Program.php.text(["-r", script], input: PHPSerialized.base64(fields)).split(separator: "\n")
        let expected = fields.map { key, value in
            "integer \(key) \(value.utf8.map { String(format: "%02x", $0) }.joined())"
        }
        #expect(lines.map(String.init).sorted() == expected.sorted())
    }

    @Test("PHP writes the same bytes") func phpWrites() throws {
        let script = "echo serialize([7 => 'ü', 12 => '東京', 101 => '']);"
        #expect(try Program.php.text(["-r", script]) == PHPSerialized.array([101: "", 12: "東京", 7: "ü"]))
    }
}
