import Lambda
import Salesforce

/// Values that more than one program reads of Salesforce.
extension Environment {
    /// `SF_API_VERSION`.
    mutating func salesforceVersion() -> String {
        let version = text("SF_API_VERSION", default: "v66.0")
        if version.wholeMatch(of: /v[0-9]{2,3}\.0/) == nil { fault("SF_API_VERSION", "must be like v66.0") }
        return version
    }

    /// An id that need not be there.
    mutating func salesforceID(_ name: String) -> RecordID? {
        guard let text = optional(name) else { return nil }
        let id = RecordID(text)
        if id == nil { fault(name, "must be a Salesforce id") }
        return id
    }

    /// Words between commas.
    func list(_ name: String) -> [String] {
        (optional(name) ?? "").split(separator: ",").map { String($0.trimmed) }.filter { !$0.isEmpty }
    }
}
