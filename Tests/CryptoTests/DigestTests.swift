import Crypto
import Foundation
import TestSupport
import Testing

@Suite struct DigestTests {
    /// FIPS 180-2, and the digest of no bytes.
    @Test(
        "SHA-256 agrees with published vectors",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
        ])
    func sha256Vectors(_ message: String, _ digest: String) throws {
        #expect(try hex(sha256(Array(message.utf8))) == digest)
    }

    struct Vector: Sendable, CustomTestStringConvertible {
        var name: String
        var key: [UInt8]
        var message: [UInt8]
        var code: String

        var testDescription: String { name }
    }

    static let vectors = [
        Vector(
            name: "RFC 4231, 1", key: .init(repeating: 0x0b, count: 20), message: Array("Hi There".utf8),
            code: "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        Vector(
            name: "RFC 4231, 2: a short key", key: Array("Jefe".utf8),
            message: Array("what do ya want for nothing?".utf8),
            code: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        Vector(
            name: "RFC 4231, 3", key: .init(repeating: 0xaa, count: 20), message: .init(repeating: 0xdd, count: 50),
            code: "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
        Vector(
            name: "RFC 4231, 4", key: Array(1...25), message: .init(repeating: 0xcd, count: 50),
            code: "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
        Vector(
            name: "RFC 4231, 6: a key longer than a block", key: .init(repeating: 0xaa, count: 131),
            message: Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
            code: "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
        Vector(
            name: "RFC 4231, 7: both long", key: .init(repeating: 0xaa, count: 131),
            message: Array(
                ("This is a test using a larger than block-size key and a larger than block-size data. The key needs "
                    + "to be hashed before being used by the HMAC algorithm.").utf8),
            code: "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"),
        Vector(
            name: "no key and no message (Python's hmac)", key: [], message: [],
            code: "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"),
    ]

    @Test("HMAC-SHA256 agrees with published vectors", arguments: vectors)
    func hmacVectors(_ vector: Vector) throws {
        #expect(try hex(hmacSHA256(key: vector.key, message: vector.message)) == vector.code)
    }

    /// To OpenSSL a key without an address means the previous key.
    @Test("An empty key is not the previous key") func emptyKey() throws {
        let keyed = try hmacSHA256(key: [1], message: [2])
        #expect(try hmacSHA256(key: [], message: [2]) != keyed)
    }

    @Test(
        "Only equal bytes compare equal",
        arguments: [
            ([], [], true),
            ([1], [1], true),
            ([1, 2, 3], [1, 2, 3], true),
            ([1], [], false),
            ([], [1], false),
            ([1, 2, 3], [1, 2], false),
            ([1, 2, 3], [0, 2, 3], false),
            ([1, 2, 3], [1, 2, 0x83], false),
        ] as [([UInt8], [UInt8], Bool)])
    func constantTimeEquality(_ one: [UInt8], _ other: [UInt8], _ same: Bool) {
        #expect(constantTimeEqual(one, other) == same)
    }
}
