/// The 18-character form of a record id: its 15 characters, and three that encode which of them are capitals, for programs
/// that ignore case. Nil when the text is no id, or its suffix is wrong.
func salesforceId18(_ text: String) -> String? {
    let characters = Array(text.utf8)
    let isPlain = characters.allSatisfy { byte in
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
    }
    guard isPlain, characters.count == 15 || characters.count == 18 else { return nil }
    let suffix = stride(from: 0, to: 15, by: 5).map { start in
        let bits = (0..<5).reduce(0) { bits, index in
            (65...90).contains(characters[start + index]) ? bits | 1 << index : bits
        }
        return alphabet[bits]
    }
    guard characters.count == 18 else { return text + String(decoding: suffix, as: UTF8.self) }
    return characters[15...].elementsEqual(suffix) ? text : nil
}

private let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ012345".utf8)
