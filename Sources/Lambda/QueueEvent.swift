import Basics
import JSON

/// The messages of an SQS queue, as its event source mapping delivers them ("Using Lambda with Amazon SQS").
public struct QueueEvent: Sendable {
    public struct Message: Sendable {
        public var id: String
        /// How often the queue has delivered the message, this time included. SQS calls it approximate.
        public var receiveCount: Int
        /// The trace that the sender of the message belongs to.
        public var trace: TraceHeader?
        /// When it entered the queue; nil when the event does not say.
        public var sentAt: Timestamp?
        public var body: [UInt8]
    }

    public var messages: [Message]

    /// - Returns: nil when the event does not come from a queue.
    public init?(_ payload: [UInt8]) throws(FunctionError) {
        guard JSON(payload)?["Records"] != nil else { return nil }
        messages = []
        for record in try EventObject(payload, as: "an SQS event").objects("Records") {
            let attributes = try record.optionalObject("attributes")
            messages.append(
                Message(
                    id: try record.value("messageId", \.string),
                    receiveCount: try attributes?.optional("ApproximateReceiveCount") { $0.string.flatMap(Int.init) }
                        ?? 1,
                    trace: try attributes?.optional("AWSTraceHeader", \.string).flatMap(TraceHeader.init),
                    sentAt: try? attributes?.optional("SentTimestamp", \.timestamp),
                    body: Array(try record.value("body", \.string).utf8)))
        }
    }

    /// The answer that names the messages that failed: the queue delivers them again, and deletes the others. The mapping
    /// must report batch item failures.
    public static func answer(failed: [Message]) -> [UInt8] {
        JSON.object(["batchItemFailures": .array(failed.map { ["itemIdentifier": .string($0.id)] })]).bytes
    }
}
