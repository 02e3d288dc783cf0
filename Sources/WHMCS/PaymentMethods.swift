extension WHMCSClient {
    /// The system names of the active gateways.
    public func paymentMethods() throws(WHMCSFailure) -> [String] {
        let action = "GetPaymentMethods"
        let answer = try call(action, [], .read)
        guard let rows = answer.rows("paymentmethods", "paymentmethod") else {
            throw .unreadable(action: action, "no list of payment methods", mayHaveHappened: false)
        }
        return rows.compactMap { $0["module"]?.stringOrNumber }
    }
}
