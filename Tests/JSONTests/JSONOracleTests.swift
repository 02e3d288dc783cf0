import Foundation
import JSON
import Testing

/// Compares the reader with Foundation's on texts with one or two random errors, the same in every run.
@Suite struct JSONOracleTests {
    private static let seeds = [
        #"{"version":"2.0","headers":{"x-sf-nonce":"n\u00e9\ud83d\ude00"},"body":"{\"a\":1}","isBase64Encoded":false}"#,
        #" [0, -1, 1.5e3, 2E-2, 10.25, 123456789012, true , false,null, [], {}, "", "\/\b\f\n\r\t\"\\" ] "#,
        #"{"Items":[{"pk":{"S":"order#801"},"n":{"N":"-7"}}],"é":"\u0000","k":[[{"a":{"b":[1,[2]]}}]]}"#,
    ]
    private static let spoilers = Array(" \t\n{}[]:,\"\\/u0d8e+-.1eEtfn\u{0}\u{1f}'é".utf8) + [0x80, 0xc3, 0xed, 0xff]

    @Test("The reader agrees with Foundation's", arguments: seeds) func agreesWithFoundation(_ seed: String) throws {
        var random = Random()
        var readable = 0
        for _ in 0..<3000 {
            var bytes = Array(seed.utf8)
            for _ in 0..<Int.random(in: 1...2, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                let spoiler = try #require(Self.spoilers.randomElement(using: &random))
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[place] = spoiler
                case 1: bytes.insert(spoiler, at: place)
                default: bytes.remove(at: place)
                }
            }
            let expected = try? JSONDecoder().decode(Value.self, from: Data(bytes)).json
            let value = JSON(bytes)
            #expect(value == expected, "\(String(decoding: bytes, as: UTF8.self))")
            if let value {
                readable += 1
                #expect(try JSONDecoder().decode(Value.self, from: Data(value.bytes)).json == value)
            }
        }
        // Otherwise the test would only prove that both refuse.
        #expect(readable > 300)
    }

    /// Knuth's linear congruential generator: the same texts on every machine.
    private struct Random: RandomNumberGenerator {
        private var state: UInt64 = 1

        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ state >> 32
        }
    }

    /// A value as Foundation reads it.
    private struct Value: Decodable {
        var json: JSON

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if container.decodeNil() {
                json = .null
            } else if let value = try? container.decode(String.self) {
                json = .string(value)
            } else if let value = try? container.decode(Bool.self) {
                json = .bool(value)
            } else if let value = try? container.decode(Double.self) {
                json = .number(value)
            } else if let values = try? container.decode([Value].self) {
                json = .array(values.map(\.json))
            } else {
                json = .object(try container.decode([String: Value].self).mapValues(\.json))
            }
        }
    }
}
