import Basics
import Crypto
import HTTP
import JSON
import Lambda
import Salesforce

@testable import Orders

/// What a sender of requests chooses.
let requestTargets = [
    Target("json") { bytes in
        guard let value = JSON(bytes) else { return }
        precondition(JSON(value.bytes) == value, "what was written is not what was read")
        _ = (value.integer, value.timestamp, value.stringOrNumber, value.bool)
    },
    Target("http-event") { bytes in
        let event = try HTTPEvent(bytes)
        precondition(JSON(event.reply(200, headers: event.headers, body: event.body)) != nil)
        _ = AddressList("10.0.0.0/8,2001:db8::/32")?.allows(event.sourceIP)
        let request = try FulfillmentRequest(event)
        _ = request.timestamp - HTTPClient.start
    },
    // A body alone, with the headers that fit it: few inputs of the target above are whole requests.
    Target("body") { bytes in
        let parts = parts(bytes, 3)
        let body = JSON(parts[0])
        let headers: [String: JSON] = [
            "X-SF-Timestamp": .string(body?["timestamp"]?.stringOrNumber ?? ""),
            "x-sf-nonce": .string(body?["nonce"]?.stringOrNumber ?? ""), "idempotency-key": .string(text(parts[2])),
        ]
        let event: JSON = [
            "rawPath": "/", "pathParameters": ["sfOrderId": .string(text(parts[1]))], "headers": .object(headers),
            "body": .string(text(parts[0])), "requestContext": ["http": ["method": "POST", "sourceIp": "192.0.2.1"]],
        ]
        let request = try FulfillmentRequest(HTTPEvent(event.bytes))
        _ = request.timestamp - HTTPClient.start
    },
    Target("timestamp") { bytes in
        guard let time = Timestamp(text(bytes)) else { return }
        // Its own form is read as the same time, except a year of five digits.
        precondition(Timestamp(time.iso8601).map { $0 == time } ?? (time.iso8601.utf8.count != 24))
        _ = (time - HTTPClient.start, time.seconds)
    },
    Target("signature") { bytes in
        let parts = parts(bytes, 3)
        if let decoded = Crypto.bytes(hex: text(parts[1])) {
            precondition(hex(decoded) == text(parts[1]).lowercased())
            let secrets = try WebhookSecrets(parameterValue: text(parts[0]), isTestbed: false)
            let isForged = try secrets.verify(decoded, of: parts[2])
            precondition(!isForged, "nobody guesses a signature")
        }
        if let decoded = Crypto.bytes(base64: text(parts[1])) { precondition(base64(decoded) == text(parts[1])) }
    },
    Target("record-id") { bytes in
        _ = ItemKey.orderID(text(bytes))
        _ = text(bytes).boundedID
        guard let id = RecordID(text(bytes)) else { return }
        precondition(id.text.utf8.count == 18 && RecordID(id.text) == id && RecordID(String(id.text.prefix(15))) == id)
    },
    Target("address-list") { bytes in
        let parts = parts(bytes, 2)
        guard let list = AddressList(text(parts[0])) else { return }
        _ = list.allows(text(parts[1]))
    },
]
