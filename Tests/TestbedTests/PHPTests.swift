import JSON
import TestSupport
import Testing

@testable import Testbed

@Suite struct PHPTests {
    @Test(
        "Output of PHP's serialize is parsed",
        arguments: [
            (#"a:1:{i:101;s:1:"7";}"#, JSON.object(["101": "7"])),
            (#"a:2:{s:3:"key";i:-5;i:0;a:0:{}}"#, .object(["key": -5, "0": .object([:])])),
            (#"s:5:"Söhn";"#, "Söhn"),
            (#"s:4:"a";b";"#, "a\";b"),
            ("b:1;", true), ("N;", .null), ("d:0.5;", .number(0.5)),
        ])
    func parsesSerializedValues(_ text: String, value: JSON) throws {
        #expect(try phpUnserialized(Array(text.utf8)) == value)
    }

    @Test(
        "Text that PHP's unserialize refuses is refused",
        arguments: [
            "", "a", "a:1:{i:101;s:1:\"7\";", "a:2:{i:1;s:1:\"7\";}", "a:0:{i:1;s:1:\"7\";}", "a:-1:{}",
            "s:4:\"Söhn\";", "s:9:\"a\";", "s:-1:\"\";", "s:1:\"ab\";", "i:x;", "i:1", "b:2;", "a:1:{a:0:{}i:1;}",
            "i:1;i:2;", "x:1;", "{\"101\":\"7\"}",
        ])
    func refusesMalformedText(_ text: String) {
        #expect(throws: PHPSerializationError.self) { try phpUnserialized(Array(text.utf8)) }
    }

    @Test("The parser agrees with PHP")
    func agreesWithPHP() throws {
        let written = try Program.php.run([
            "-r", #"echo serialize(["401" => "801Dn", "x" => "日本 \"quoted\"; 'x'", 7 => [true, null, 1.5]]);"#,
        ])
        #expect(
            try phpUnserialized(written) == [
                "401": "801Dn", "x": "日本 \"quoted\"; 'x'", "7": ["0": true, "1": .null, "2": .number(1.5)],
            ])
    }

    @Test("Forms are parsed as PHP parses them")
    func parsesForms() {
        let form = PHPForm(formFields("a=1&a=2&pid[0]=x&pid[]=y&pid%5B5%5D=z&pid[]=w&t=1+2%2B%C3%BC%zz&flag&[0]=q"))
        #expect(form["a"] == "2")
        #expect(form["t"] == "1 2+ü%zz")
        #expect(form.arrays["pid"]?.map(\.key) == ["0", "1", "5", "6"])
        #expect(form.element("pid", "6") == "w")
        #expect(form.element("pid", "9") == "")
        #expect(form["pid"] == "")
        #expect(form["[0]"] == "q")
    }

    @Test(
        "The text \"false\" is true",
        arguments: [("false", true), ("no", true), ("1", true), ("0", false), ("", false)])
    func readsBooleansAsPHPDoes(_ text: String, meaning: Bool) {
        #expect(PHPForm([(name: "noinvoice", value: text)]).bool("noinvoice") == meaning)
    }
}
