import AWS
import HTTP
import JSON
import Salesforce
import WHMCS

/// One finding of the doctor.
struct Check: Equatable {
    /// What was looked at, the same in every answer: `order queue`.
    var name: String
    /// Nil when it was not looked at, and `detail` says why.
    var isOK: Bool?
    var detail: String?
    /// The sentence for the person who can fix it.
    var help: String?

    static func passed(_ name: String, _ detail: String? = nil) -> Check {
        Check(name: name, isOK: true, detail: detail)
    }

    static func failed(_ name: String, _ problem: Problem) -> Check {
        Check(name: name, isOK: false, detail: problem.detail, help: problem.help)
    }

    static func notChecked(_ name: String, _ why: String, help: String? = nil) -> Check {
        Check(name: name, isOK: nil, detail: why, help: help)
    }

    /// - Parameter look: returns what is worth saying of a check that passes, or throws its problem.
    init(_ name: String, _ look: () throws -> String?) {
        do {
            self = .passed(name, try look())
        } catch {
            self = .failed(name, Problem(error))
        }
    }

    private init(name: String, isOK: Bool?, detail: String?, help: String? = nil) {
        (self.name, self.isOK, self.detail, self.help) = (name, isOK, detail, help)
    }

    private var json: JSON {
        var members: [String: JSON] = ["name": .string(name), "ok": isOK.map(JSON.bool) ?? .null]
        if let detail { members["detail"] = .string(detail) }
        if let help { members["help"] = .string(help) }
        return .object(members)
    }

    /// `{"checks": [{"name", "ok": true | false | null, "detail"?, "help"?}], "ok"}`. A check that was not made is no fault:
    /// what prevented it is one.
    static func answer(_ checks: [Check]) -> [UInt8] {
        JSON.object(["checks": .array(checks.map(\.json)), "ok": .bool(checks.allSatisfy { $0.isOK != false })]).bytes
    }
}

/// What is wrong, and what helps.
struct Problem: Error, Equatable {
    var detail: String
    var help: String?

    init(_ detail: String, help: String?) {
        self.detail = detail
        self.help = help
    }

    /// - Parameter error: of a call.
    init(_ error: any Error) {
        switch error {
        case let problem as Problem: self = problem
        case let failure as SalesforceFailure: self.init("\(failure)", help: failure.hint ?? failure.help)
        case let failure as WHMCSFailure: self.init("\(failure)", help: failure.help)
        case let failure as AWSFailure: self.init("\(failure)", help: failure.help)
        default: self.init("\(error)", help: nil)
        }
    }
}

extension HTTPClient {
    /// Makes all checks: they wait for their responses together.
    func together(_ looks: [() -> [Check]]) -> [Check] {
        guard looks.count > 1 else { return looks.flatMap { $0() } }
        let (first, second) = (looks.prefix(looks.count / 2), looks.dropFirst(looks.count / 2))
        let (checks, others) = together({ together(Array(first)) }, { together(Array(second)) })
        return [checks, others].flatMap { (try? $0.get()) ?? [] }
    }
}
