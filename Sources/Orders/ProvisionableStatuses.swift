import Basics
import Lambda
import Salesforce

/// The statuses of an order in Salesforce that approve it: only such an order is provisioned.
enum ProvisionableStatuses: Sendable, Equatable {
    /// An operator wrote `*`. An empty variable does not mean it: a forgotten one would approve every draft.
    case any
    case named([String])

    init(_ environment: inout Environment) {
        let variable = "SF_PROVISIONABLE_STATUSES"
        let names = environment.list(variable)
        self = names == ["*"] ? .any : .named(names)
        if names.isEmpty { environment.fault(variable, "is not set; * allows any status") }
        if names.count > 1, names.contains("*") {
            environment.fault(variable, "must be * alone, or statuses separated by commas")
        }
    }

    /// Empty for any.
    var names: [String] {
        switch self {
        case .any: []
        case .named(let names): names
        }
    }

    /// Salesforce compares picklist values without regard to case.
    func contains(_ status: String) -> Bool {
        switch self {
        case .any: true
        case .named(let names): names.contains { $0.lowercased() == status.lowercased() }
        }
    }

    /// The condition of a query for such orders; nil for any order.
    var soql: String? {
        switch self {
        case .any: nil
        case .named(let names): "Status IN (\(names.map(SOQL.literal).joined(separator: ", ")))"
        }
    }
}
