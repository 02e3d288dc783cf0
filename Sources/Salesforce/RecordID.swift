import Basics

/// The id of a Salesforce record, always in its 18-character form, so that ids of either form compare. It has only
/// letters and digits, so that it is safe in a path and in a query.
public struct RecordID: Hashable, Sendable, CustomStringConvertible {
    public let text: String

    public var description: String { text }

    /// Reads 15 characters, or 18 whose last three fit the others; nil for any other text.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 15 || bytes.count == 18, bytes.allSatisfy(isLetterOrDigit) else { return nil }
        let suffix = suffix(bytes)
        guard bytes.count == 15 || bytes[15...].elementsEqual(suffix) else { return nil }
        self.text = bytes.count == 15 ? text + String(decoding: suffix, as: UTF8.self) : text
    }
}

/// Each group of five of the first 15 becomes one character that says which of the five are capitals, the first in bit 0.
private func suffix(_ id: [UInt8]) -> [UInt8] {
    stride(from: 0, to: 15, by: 5).map { start in
        let capitals = (0..<5).reduce(0) { bits, place in isCapital(id[start + place]) ? bits | 1 << place : bits }
        return alphabet[capitals]
    }
}

private let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ012345".utf8)

private func isCapital(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
}

private func isLetterOrDigit(_ byte: UInt8) -> Bool {
    isCapital(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || isDigit(byte)
}
