import Basics
import Foundation
import JSON

/// A signed request in a file of events/. Its time has passed, and the ledger may know its nonce.
public enum RecordedRequest {
    /// The event as if it were sent now: an order with a new nonce, a new idempotency key and a new signature, a read with a
    /// new signature. The timestamp keeps its distance to the time of sending, so a request that was stale when it was sent
    /// stays stale.
    ///
    /// - Parameter signer: signs it anew.
    /// - Returns: nil when there is nothing to renew: the event is no signed request, or it has the signature of another
    ///   secret, which is then what the sample shows.
    public static func renewed(
        _ event: JSON, now: Timestamp = .now(), signer: WebhookSigner = WebhookSigner()
    ) -> JSON? {
        guard var members = event.object, let headers = members["headers"]?.object,
            let signature = header("x-sf-signature", in: headers)?.lowercased(),
            let renewed = renewedRead(event, headers, signature, now, signer)
                ?? renewedOrder(event, signature, now, signer)
        else { return nil }
        members["headers"] = .object(renew(headers, renewed.headers) { JSON.string($0) })
        if let lists = members["multiValueHeaders"]?.object {
            members["multiValueHeaders"] = .object(renew(lists, renewed.headers) { [.string($0)] })
        }
        if let body = renewed.body {
            let isBase64 = members["isBase64Encoded"]?.bool == true
            members["body"] = .string(
                isBase64 ? Data(body).base64EncodedString() : String(decoding: body, as: UTF8.self))
        }
        members["requestContext"] = context(members["requestContext"], now: now)
        return .object(members)
    }

    private typealias Renewed = (headers: [String: String], body: [UInt8]?)

    private static func renewedOrder(
        _ event: JSON, _ signature: String, _ now: Timestamp, _ signer: WebhookSigner
    ) -> Renewed? {
        guard let body = body(of: event), signature == WebhookSigner().signature(of: body),
            let fields = JSON(body)?.object, let orderId = fields["orderId"]?.stringOrNumber
        else { return nil }
        let time = timestamp(fields["timestamp"]?.stringOrNumber, in: event, now: now)
        let request = SignedRequest(orderId: orderId, at: time, signer: signer, more: fields)
        return (request.headers, request.body)
    }

    private static func renewedRead(
        _ event: JSON, _ headers: [String: JSON], _ signature: String, _ now: Timestamp, _ signer: WebhookSigner
    ) -> Renewed? {
        guard let path = event["rawPath"]?.string, let stamped = header("x-sf-timestamp", in: headers),
            signature == WebhookSigner().signature(of: Array("GET\n\(path)\n\(stamped)".utf8))
        else { return nil }
        return (SignedRead(path, at: timestamp(stamped, in: event, now: now), signer: signer).headers, nil)
    }

    private static func body(of event: JSON) -> [UInt8]? {
        guard case .string(let text) = event["body"] else { return nil }
        guard event["isBase64Encoded"]?.bool == true else { return Array(text.utf8) }
        return Data(base64Encoded: text).map { Array($0) }
    }

    private static func header(_ name: String, in headers: [String: JSON]) -> String? {
        headers.first { $0.key.lowercased() == name }?.value.string
    }

    /// As long before now as the recorded timestamp was before the request was sent.
    private static func timestamp(_ recorded: String?, in event: JSON, now: Timestamp) -> Timestamp {
        let context = event["requestContext"]
        guard let recorded, let stamped = try? Date(recorded, strategy: .iso8601),
            let sent = context?["timeEpoch"]?.timestamp ?? context?["requestTimeEpoch"]?.timestamp
        else { return now }
        return now - Int((Date(sent).timeIntervalSince(stamped) * 1000).rounded())
    }

    /// The headers with new values. The names stay as the event spells them.
    private static func renew(
        _ headers: [String: JSON], _ values: [String: String], _ wrap: (String) -> JSON
    ) -> [String: JSON] {
        Dictionary(
            uniqueKeysWithValues: headers.map { name, old in (name, values[name.lowercased()].map(wrap) ?? old) })
    }

    private static func context(_ context: JSON?, now: Timestamp) -> JSON {
        guard var members = context?.object else { return .null }
        for name in ["timeEpoch", "requestTimeEpoch"] where members[name] != nil {
            members[name] = .milliseconds(now)
        }
        return .object(members)
    }
}
