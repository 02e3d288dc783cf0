/// A card or bank account of a client, without any of its numbers.
public struct PayMethod: Sendable, Equatable {
    public var id: Int
    /// `CreditCard`, `RemoteCreditCard`, `BankAccount` or `RemoteBankAccount`.
    public var type: String
}

extension WHMCSClient {
    /// The client's pay methods; an empty list means that WHMCS said so.
    ///
    /// Read strictly. A misread answer would either bill nobody or stop every order, and both have happened to others.
    public func payMethods(clientId: Int) throws(WHMCSFailure) -> [PayMethod] {
        let action = "GetPayMethods"
        let answer = try call(action, [("clientid", String(clientId))], .read)
        guard answer["clientid"]?.id ?? clientId == clientId else { throw .foreignRows(action: action) }
        guard let rows = answer.rows("paymethods", "paymethod") else {
            throw .unreadable(action: action, "no list of paymethods", mayHaveHappened: false)
        }
        let methods = rows.compactMap { row -> PayMethod? in
            guard let id = row["id"]?.id, let type = row["type"]?.stringOrNumber, !type.isEmpty else { return nil }
            return PayMethod(id: id, type: type)
        }
        guard methods.count == rows.count else {
            throw .unreadable(action: action, "a pay method without id or type", mayHaveHappened: false)
        }
        return methods
    }
}
