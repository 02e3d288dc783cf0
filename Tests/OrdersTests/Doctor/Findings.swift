import JSON
import Testing

/// A doctor's answer.
struct Findings {
    let isOK: Bool?
    private let checks: [JSON]

    init(_ answer: JSON) {
        isOK = answer["ok"]?.bool
        checks = answer["checks"]?.array ?? []
    }

    var names: [String] { checks.compactMap { $0["name"]?.string } }
    /// The names of the checks with that result; nil for those that were not made.
    func names(_ isOK: Bool?) -> [String] {
        checks.filter { $0["ok"] == (isOK.map(JSON.bool) ?? .null) }.compactMap { $0["name"]?.string }
    }

    func detail(_ name: String) -> String? { check(name)?["detail"]?.string }
    func help(_ name: String) -> String? { check(name)?["help"]?.string }

    func expect<Harness>(_ illness: Illness<Harness>, _ location: SourceLocation = #_sourceLocation) {
        #expect(names(illness.isOK).contains(illness.check), sourceLocation: location)
        #expect(detail(illness.check)?.contains(illness.detail) == true, sourceLocation: location)
        guard let help = illness.help else { return }
        #expect(self.help(illness.check)?.contains(help) == true, sourceLocation: location)
    }

    private func check(_ name: String) -> JSON? { checks.first { $0["name"]?.string == name } }
}

/// Something that is wrong, and the check that finds it.
struct Illness<Harness>: Sendable, CustomTestStringConvertible {
    var name: String
    /// Replace or add variables of a valid configuration.
    var variables: [String: String] = [:]
    var change: @Sendable (Harness) throws -> Void = { _ in }
    var check: String
    var isOK: Bool? = false
    /// Parts of the finding.
    var detail: String
    var help: String?

    var testDescription: String { name }
}
