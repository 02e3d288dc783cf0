import Salesforce
import Testing

@Suite struct RecordIDTests {
    /// Published ids.
    private static let known = [
        "00DRM000000Fxts2AC", "0YLRM0000004Dfg4AE", "001RM000004UF9sYAG", "00D20000000nq5gEAA",
    ]

    @Test("Both forms are the same id", arguments: known)
    func forms(_ long: String) throws {
        let id = try #require(RecordID(long))
        #expect(id.text == long)
        #expect(RecordID(String(long.prefix(15))) == id)
        #expect("\(id)" == long)
    }

    @Test("Ids differ by case") func caseSensitive() {
        #expect(RecordID("801Rx000000000a") != RecordID("801Rx000000000A"))
        #expect(RecordID("801000000000000")?.text == "801000000000000AAA")
        #expect(RecordID("ABCDEFGHIJKLMNO")?.text == "ABCDEFGHIJKLMNO555")
    }

    @Test(
        "Other texts are refused",
        arguments: [
            "", "801", "00DRM000000Fxts2", "00DRM000000Fxts2A", "00DRM000000Fxts2AC0",
            "00DRM000000Fxts2AD",  // a wrong suffix
            "00DRM000000Fxts2ac", "00drm000000fxts2AC",  // a case that was lost
            "00DRM000000Fxt'", "00DRM000000Fxt/", "00DRM000000Fxt ", "00DRM000000Fxts2AC\n", "00DRM000000Fxté",
            "０0DRM000000Fxts",
        ])
    func refuses(_ text: String) {
        #expect(RecordID(text) == nil)
    }
}
