import JSON

/// An answer with the status 400.
struct TableRefusal: Error {
    /// The error's code, with the namespace that DynamoDB puts before it.
    let type: String
    let message: String
    /// What the answer holds besides.
    var members: [String: JSON] = [:]

    var body: JSON {
        .object(["__type": .string(type), "message": .string(message)].merging(members) { $1 })
    }

    /// The ledger never sends this, so nobody has checked how the table answers it.
    static func unsupported(_ what: String) -> TableRefusal {
        TableRefusal(type: unsupportedType, message: "the simulated table does not know " + what)
    }

    static func invalid(_ message: String) -> TableRefusal {
        TableRefusal(type: validation, message: message)
    }

    static func refused(_ code: String, _ message: String, _ members: [String: JSON] = [:]) -> TableRefusal {
        TableRefusal(type: "com.amazonaws.dynamodb.v20120810#" + code, message: message, members: members)
    }

    /// What an answer says of a request that DynamoDB would not understand, or that nobody has compared with it.
    static func mistake(in answer: JSON) -> String? {
        guard let type = answer["__type"]?.string, type == validation || type == unsupportedType else { return nil }
        return answer["message"]?.string
    }

    static let conditionFailed = "The conditional request failed"

    var isInvalid: Bool { type == TableRefusal.validation }

    private static let unsupportedType = "SimulationUnsupported"
    private static let validation = "com.amazon.coral.validate#ValidationException"
}
