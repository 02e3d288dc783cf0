import Basics
import JSON
import Salesforce

/// An alert in the forms in which it is delivered.
struct AlertText {
    var alert: Alert
    var order: RecordID?
    var code: ErrorCode?
    var links: [Link]

    struct Link {
        var name: String
        var target: String

        var text: String { "\(name): \(target)" }
    }

    /// What happened, and to which order.
    var message: String { order.map { "\(alert.what): \($0)" } ?? alert.what }

    private var nextStep: String { alert.kind.nextStep(code) }

    /// For the log.
    var fields: [String: JSON] {
        var fields: [String: JSON] = ["message": .string(message)]
        fields["orderId"] = order.map { .string($0.text) }
        fields["errorCode"] = code.map { .string($0.rawValue) }
        return fields
    }

    /// For a webhook: what the log has, and `text`, which Slack and Mattermost show ("Sending messages using incoming
    /// webhooks").
    var webhookBody: [UInt8] {
        let what = message + (code.map { " (\($0.rawValue))" } ?? "")
        let text = ([what, nextStep] + links.map(\.text)).joined(separator: "\n")
        return JSON.object(fields.merging(["text": .string(text)]) { $1 }).bytes
    }

    /// For a topic: Amazon Q Developer shows in a chat nothing but its own format ("Custom notifications using Amazon Q
    /// Developer in chat applications").
    var notification: [UInt8] {
        let keywords = [code?.rawValue, order?.text].compactMap(\.self).map(JSON.string)
        let notification: JSON = [
            "version": "1.0", "source": "custom",
            "content": [
                "textType": "client-markdown", "title": .string(message.prefix(utf16: 250)),
                "description": .string(nextStep),
                "nextSteps": .array(links.map { .string($0.text) }), "keywords": .array(keywords),
            ],
            "metadata": [
                // The alerts of an order are one thread.
                "threadId": .string(order?.text ?? alert.kind.anchor), "summary": .string(message.prefix(utf16: 250)),
                "eventType": .string(alert.kind.anchor), "additionalContext": .object(fields),
            ],
        ]
        return notification.bytes
    }
}
