import JSON
import Testing

@testable import Testbed

/// Calls the API of a simulator of its own.
struct WHMCSSession {
    let whmcs: WHMCSSimulator

    init() throws {
        whmcs = try WHMCSSimulator(identifier: "id", secret: "s&cret")
    }

    static let credentials = ["identifier": "id", "secret": "s&cret", "responsetype": "json"]

    func raw(_ fields: [String: String]) throws -> RawClient.Response {
        let sorted = fields.sorted { $0.key < $1.key }
        let form = sorted.map { "\(formEncoded($0))=\(formEncoded($1))" }.joined(separator: "&")
        let type = ["Content-Type": "application/x-www-form-urlencoded"]
        return try #require(try request(whmcs.port, "POST", "/includes/api.php", headers: type, body: form))
    }

    func call(_ action: String, _ fields: [String: String] = [:]) throws -> JSON {
        let all = fields.merging(Self.credentials) { own, _ in own }.merging(["action": action]) { own, _ in own }
        return try #require(JSON(try raw(all).body))
    }

    /// A valid order of client 1234: product 185 monthly, product 186 once.
    static let order = [
        "clientid": "1234", "paymentmethod": "mailin", "pid[0]": "185", "billingcycle[0]": "monthly",
        "pid[1]": "186", "billingcycle[1]": "onetime", "notes": "sfOrderId=\(Seed.order)", "noinvoice": "1",
    ]
}
