import Basics
import Foundation
import JSON

/// A signed request in a file of events/: its time has gone by and its nonce may have been seen.
public enum RecordedRequest {
    /// The event as if it were sent now: with a new nonce and a new idempotency key, signed afresh. The timestamp moves
    /// along with the time of sending, so that a request that was stale when sent still is.
    ///
    /// Nil when there is nothing to renew: the event is no signed request, or its signature was not made with the
    /// local secret, which then is what the sample wants to show.
    public static func renewed(_ event: JSON, now: Date = Date()) -> JSON? {
        guard var members = event.object, let headers = members["headers"]?.object,
            let signature = header("x-sf-signature", in: headers), let body = body(of: event),
            signature.lowercased() == SignedRequest.sign(body, LocalSecrets.webhook),
            let fields = JSON(body)?.object, let orderId = fields["orderId"]?.stringOrNumber
        else { return nil }

        let request = SignedRequest(
            orderId: orderId, at: timestamp(fields["timestamp"], in: event, now: now), more: fields)
        members["headers"] = .object(renew(headers, request.headers) { JSON.string($0) })
        if let lists = members["multiValueHeaders"]?.object {
            members["multiValueHeaders"] = .object(renew(lists, request.headers) { [.string($0)] })
        }
        let isBase64 = members["isBase64Encoded"]?.bool == true
        members["body"] = .string(
            isBase64 ? Data(request.body).base64EncodedString() : String(decoding: request.body, as: UTF8.self))
        members["requestContext"] = context(members["requestContext"], now: now)
        return .object(members)
    }

    private static func body(of event: JSON) -> [UInt8]? {
        guard case .string(let text) = event["body"] else { return nil }
        guard event["isBase64Encoded"]?.bool == true else { return Array(text.utf8) }
        return Data(base64Encoded: text).map { Array($0) }
    }

    private static func header(_ name: String, in headers: [String: JSON]) -> String? {
        headers.first { $0.key.lowercased() == name }?.value.string
    }

    /// As long before now as it was before the request was sent.
    private static func timestamp(_ recorded: JSON?, in event: JSON, now: Date) -> Date {
        let context = event["requestContext"]
        guard let text = recorded?.stringOrNumber, let stamped = try? Date(text, strategy: .iso8601),
            let sent = context?["timeEpoch"]?.integer ?? context?["requestTimeEpoch"]?.integer
        else { return now }
        return now + stamped.timeIntervalSince(Date(milliseconds: sent))
    }

    /// New values under the names as they are written in the event.
    private static func renew(
        _ headers: [String: JSON], _ values: [String: String], _ wrap: (String) -> JSON
    ) -> [String: JSON] {
        Dictionary(
            uniqueKeysWithValues: headers.map { name, old in (name, values[name.lowercased()].map(wrap) ?? old) })
    }

    private static func context(_ context: JSON?, now: Date) -> JSON {
        guard var members = context?.object else { return .null }
        for name in ["timeEpoch", "requestTimeEpoch"] where members[name] != nil {
            members[name] = .number(now.milliseconds)
        }
        return .object(members)
    }
}
