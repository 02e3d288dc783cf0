import Basics
import HTTP
import JSON
import Testbed

/// A call that a program makes.
struct OutboundCall {
    enum Service: String {
        case dynamodb, ssm, events, sqs, lambda, salesforce, whmcs, alerts

        /// How long one way of a call takes, usually and at most.
        var usual: Milliseconds { self == .whmcs ? 600 : self == .salesforce ? 300 : 15 }
        var slowest: Milliseconds { self == .whmcs ? 25_000 : self == .salesforce ? 12_000 : 2_000 }
    }

    var service: Service
    /// The action, or method and path.
    var action: String
    var request: Request

    var name: String { "\(service.rawValue) \(action)" }

    /// A field of the form.
    func formField(_ name: String) -> String? { ServerRequest(request).form[name] }

    /// What the call is about, for the reader of a story: the order, and what an update sets.
    var details: String {
        switch (service, action) {
        case (.whmcs, "AddOrder"): return SimulatedWHMCS.marker(in: request.body) ?? ""
        case (.whmcs, _):
            let names = ["orderid", "id", "userid", "clientid"]
            return names.compactMap { name in formField(name).map { "\(name) \($0)" } }.joined(separator: ", ")
        case (.dynamodb, "UpdateItem"):
            let body = JSON(request.body)
            let values = (body?["ExpressionAttributeValues"]?.object ?? [:]).filter { Self.telling.contains($0.key) }
            let texts = values.sorted { $0.key < $1.key }.compactMap { name, value in
                (value["S"] ?? value["N"])?.string.map { "\(name.dropFirst()) \($0)" }
            }
            return ([body?["Key"]?["pk"]?["S"]?.string ?? ""] + texts).joined(separator: ", ")
        case (.salesforce, _): return String(decoding: request.body.prefix(160), as: UTF8.self)
        default: return ""
        }
    }

    private static let telling: Set = [":status", ":step", ":addOrder", ":whmcsOrderId", ":errorCode", ":lateUntil"]

    init?(_ request: Request) {
        self.request = request
        // Bytes: with characters this takes longer than most services' answers.
        let parts = request.url.utf8.split(separator: UInt8(ascii: "/"), maxSplits: 2)
        let authority = parts.count > 1 ? String(Substring(parts[1])) : ""
        let path = request.url.utf8.dropFirst("http://".utf8.count).drop { $0 != UInt8(ascii: "/") }
        switch authority {
        case Addresses.whmcs:
            service = .whmcs
            // `action` is the form's first field.
            let form = request.body.prefix(64).drop { $0 != UInt8(ascii: "=") }.dropFirst()
            action = String(decoding: form.prefix { $0 != UInt8(ascii: "&") }, as: UTF8.self)
        case Addresses.salesforce:
            service = .salesforce
            action = "\(request.method) \(Substring(path.prefix { $0 != UInt8(ascii: "?") }))"
        case Addresses.alerts:
            service = .alerts
            action = "alert"
        case let host where host.hasSuffix(".amazonaws.com"):
            guard let service = Service(rawValue: String(host.prefix { $0 != "." })) else { return nil }
            self.service = service
            let target = request.headers.first { $0.name == "X-Amz-Target" }?.value
            action = target.map { String($0.drop { $0 != "." }.dropFirst()) } ?? String(Substring(path.dropFirst()))
        default: return nil
        }
    }
}

/// Addresses of the simulated services: on loopback, since a program refuses plain `http` to any other host.
enum Addresses {
    static let salesforce = "127.0.0.1"
    static let whmcs = "127.0.0.2"
    static let alerts = "127.0.0.3"
}
