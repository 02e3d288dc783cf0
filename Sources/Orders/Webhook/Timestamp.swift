import Basics
import Glibc

extension Timestamp {
    /// The time in a request, as senders write it.
    ///
    /// ISO 8601 with a zone (`2026-11-20T10:15:30Z`, also with a fraction or an offset), or Unix time: ten digits are
    /// seconds, thirteen are milliseconds. Nil for anything else; nothing is guessed.
    init?(_ text: String) {
        let characters = Array(text.utf8)
        if characters.allSatisfy(isDigit) {
            guard let number = Int(text), characters.count == 10 || characters.count == 13 else { return nil }
            self.init(milliseconds: characters.count == 10 ? number * 1000 : number)
            return
        }
        guard characters.count >= 20, let seconds = parseSeconds(characters.prefix(19)) else { return nil }
        var rest = Substring(text.utf8.dropFirst(19))
        var fraction: Milliseconds = 0
        if rest.first == "." {
            let digits = rest.dropFirst().prefix { $0.isASCII && $0.isNumber }
            guard (1...9).contains(digits.count) else { return nil }
            fraction = Int((digits + "00").prefix(3)) ?? 0
            rest = rest.dropFirst(1 + digits.count)
        }
        guard let offset = parseOffset(rest) else { return nil }
        self.init(milliseconds: (seconds - offset) * 1000 + fraction)
    }
}

/// `2026-11-20T10:15:30` as if it were UTC, in s.
private func parseSeconds(_ text: ArraySlice<UInt8>) -> Int? {
    let shape = Array("0000-00-00T00:00:00".utf8)
    guard text.count == shape.count,
        zip(text, shape).allSatisfy({ $1 == UInt8(ascii: "0") ? isDigit($0) : $0 == $1 })
    else { return nil }
    let numbers = text.split { !isDigit($0) }.compactMap { Int32(String(decoding: $0, as: UTF8.self)) }
    guard numbers.count == 6 else { return nil }
    var parts = tm()
    (parts.tm_year, parts.tm_mon, parts.tm_mday) = (numbers[0] - 1900, numbers[1] - 1, numbers[2])
    (parts.tm_hour, parts.tm_min, parts.tm_sec) = (numbers[3], numbers[4], numbers[5])
    let seconds = timegm(&parts)
    // timegm takes the 30th of February for the 1st or 2nd of March.
    return Timestamp(milliseconds: seconds * 1000).iso8601.utf8.starts(with: text) ? seconds : nil
}

/// `Z`, `+09:00`, `-0130`, in s.
private func parseOffset(_ text: Substring) -> Int? {
    guard text != "Z" else { return 0 }
    guard let sign = text.first, sign == "+" || sign == "-" else { return nil }
    var digits = Array(text.dropFirst().utf8)
    if digits.count == 5, digits[2] == UInt8(ascii: ":") { digits.remove(at: 2) }
    guard digits.count == 4, digits.allSatisfy(isDigit), let number = Int(String(decoding: digits, as: UTF8.self)),
        number % 100 < 60, number / 100 <= 14
    else { return nil }
    return (sign == "+" ? 1 : -1) * (number / 100 * 3600 + number % 100 * 60)
}
