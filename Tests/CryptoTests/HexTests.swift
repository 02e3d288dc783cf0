import Crypto
import Testing

@Suite struct HexTests {
    @Test(
        "Bytes are written in lower case and read back",
        arguments: [
            ([], ""),
            ([0], "00"),
            ([0x0f, 0xf0], "0ff0"),
            ([0xde, 0xad, 0xbe, 0xef, 0x01], "deadbeef01"),
            ([0xff], "ff"),
        ] as [([UInt8], String)])
    func roundTrip(_ bytes: [UInt8], _ text: String) {
        #expect(hex(bytes) == text)
        #expect(Crypto.bytes(hex: text) == bytes)
    }

    @Test("Either case is read", arguments: ["DEADBEEF", "DeadBeef", "deadbeef"])
    func eitherCase(_ text: String) {
        #expect(bytes(hex: text) == [0xde, 0xad, 0xbe, 0xef])
    }

    // The neighbours of each range of digits, signs that `Int(_:radix:)` would accept, and digits of other scripts, whose
    // UTF-8 has an even length.
    @Test(
        "Other texts are refused",
        arguments: [
            "f", "abc", "0g", "g0", "/0", "0:", "@0", "0G", "`0", "-1", "+1", "0x", " 0", "0 ", "é", "٣", "00\0",
        ])
    func refuses(_ text: String) {
        #expect(bytes(hex: text) == nil)
    }
}
