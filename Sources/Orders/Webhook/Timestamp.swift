import Glibc
import HTTP

/// The time in a request, as senders write it.
///
/// ISO 8601 with a zone (`2026-11-20T10:15:30Z`, a fraction and an offset are taken too), or Unix time: ten digits are
/// seconds, thirteen are milliseconds, and nothing else is guessed.
///
/// - Returns: ms since 1970; nil when it is none of these.
func parseTimestamp(_ text: String) -> Int64? {
    let characters = Array(text.utf8)
    if characters.allSatisfy(isDigit) {
        return switch characters.count {
        case 10: Int64(text).map { $0 * 1000 }
        case 13: Int64(text)
        default: nil
        }
    }
    guard characters.count >= 20, let seconds = parseSeconds(String(text.prefix(19))) else { return nil }
    var rest = text.dropFirst(19)
    var fraction: Int64 = 0
    if rest.first == "." {
        let digits = rest.dropFirst().prefix { $0.isASCII && $0.isNumber }
        guard (1...9).contains(digits.count) else { return nil }
        fraction = Int64((digits + "00").prefix(3)) ?? 0
        rest = rest.dropFirst(1 + digits.count)
    }
    guard let offset = parseOffset(rest) else { return nil }
    return (seconds - offset) * 1000 + fraction
}

func isDigit(_ character: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(character)
}

/// `2026-11-20T10:15:30` as if it were UTC, in s.
private func parseSeconds(_ text: String) -> Int64? {
    let numbers = text.split { !$0.isASCII || !$0.isNumber }.compactMap { Int32($0) }
    guard numbers.count == 6 else { return nil }
    var parts = tm()
    (parts.tm_year, parts.tm_mon, parts.tm_mday) = (numbers[0] - 1900, numbers[1] - 1, numbers[2])
    (parts.tm_hour, parts.tm_min, parts.tm_sec) = (numbers[3], numbers[4], numbers[5])
    let seconds = Int64(timegm(&parts))
    // Other separators, single digits and the 30th of February do not survive the way back.
    return Clock.text(seconds * 1000).hasPrefix(text) ? seconds : nil
}

/// `Z`, `+09:00`, `-0130`, in s.
private func parseOffset(_ text: Substring) -> Int64? {
    guard text != "Z" else { return 0 }
    guard let sign = text.first, sign == "+" || sign == "-" else { return nil }
    var digits = Array(text.dropFirst().utf8)
    if digits.count == 5, digits[2] == UInt8(ascii: ":") { digits.remove(at: 2) }
    guard digits.count == 4, digits.allSatisfy(isDigit), let number = Int64(String(decoding: digits, as: UTF8.self)),
        number % 100 < 60,
        number / 100 <= 14
    else { return nil }
    return (sign == "+" ? 1 : -1) * (number / 100 * 3600 + number % 100 * 60)
}
