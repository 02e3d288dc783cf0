extension WHMCSClient {
    /// Whether the client has a pay method: a card or a bank account.
    ///
    /// Strict: to misread the answer would either bill nobody or stop every order.
    public func hasPayMethod(clientId: Int) throws(WHMCSFailure) -> Bool {
        let action = "GetPayMethods"
        let answer = try call(action, [("clientid", String(clientId))], .read)
        guard answer["clientid"]?.id ?? clientId == clientId else { throw .foreignRows(action: action) }
        guard let rows = answer.rows("paymethods", "paymethod") else {
            throw .unreadable(action: action, "no list of paymethods", mayHaveHappened: false)
        }
        guard rows.allSatisfy({ $0["id"]?.id != nil && $0["type"]?.stringOrNumber?.isEmpty == false }) else {
            throw .unreadable(action: action, "a pay method without id or type", mayHaveHappened: false)
        }
        return !rows.isEmpty
    }
}
