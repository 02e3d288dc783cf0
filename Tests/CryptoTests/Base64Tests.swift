import Crypto
import Testing

@Suite struct Base64Tests {
    @Test(
        "Bytes are written and read back",
        arguments: [
            // RFC 4648, section 10, and the characters in which the alphabets differ.
            ([], "", ""), (Array("f".utf8), "Zg==", "Zg"), (Array("fo".utf8), "Zm8=", "Zm8"),
            (Array("foo".utf8), "Zm9v", "Zm9v"), (Array("foob".utf8), "Zm9vYg==", "Zm9vYg"),
            ([0xff, 0xef, 0xfe], "/+/+", "_-_-"), ([0, 0, 0, 0], "AAAAAA==", "AAAAAA"),
        ] as [([UInt8], String, String)])
    func roundTrip(_ bytes: [UInt8], _ text: String, _ urlText: String) {
        #expect(base64(bytes) == text)
        #expect(base64URL(bytes) == urlText)
        #expect(Crypto.bytes(base64: text) == bytes)
    }

    @Test("Many bytes are one line") func oneLine() {
        let bytes = (0..<10_000).map { UInt8(truncatingIfNeeded: $0) }
        #expect(!base64(bytes).contains("\n"))
        #expect(Crypto.bytes(base64: base64(bytes)) == bytes)
    }

    // OpenSSL accepts some of these.
    @Test(
        "Other texts are refused",
        arguments: [
            "Z", "Zg", "Zg=", "Zh==", "=Zg=", "====", "=", "Zm9v====", " Zm9v", "Zm9v\n", "Zm 9v", "Zm9v----", "Zm8-",
            "_-_-",
            "Zm9\0", "é===", "Zg==Zg==",
        ])
    func refuses(_ text: String) {
        #expect(bytes(base64: text) == nil)
    }
}
