import Basics
import JSON
import Lambda

/// The order queue and its event source mapping: delivers at least once, in any order, to few runs at a time.
final class SimulatedQueue {
    private struct Message {
        var id: String
        var body: JSON
        var receiveCount = 0
    }

    // As `template.yaml` has it.
    static let maximumConcurrency = 5
    private static let visibilityTimeout: Milliseconds = 720_000
    private static let mostReceives = 5
    /// SQS delivers roughly in the order of arrival: one of the first so many is next.
    private static let disorder = 1_000

    private unowned let world: World
    private var visible = WaitingLine<Message>()
    private var deadLetters: [Message] = []
    private var atWork = 0
    /// Messages that failed and will be visible again.
    private var hidden = 0
    private var count = 0

    var isEmpty: Bool { visible.isEmpty && deadLetters.isEmpty && atWork == 0 && hidden == 0 }

    /// What SQS counts: messages that a run has or that are hidden are not among them.
    var waitingMessages: Int { visible.count }

    init(_ world: World) {
        self.world = world
    }

    func send(_ event: JSON) {
        count += 1
        put(Message(id: "message-\(count)", body: event))
    }

    /// A person sends the dead letters again.
    func redrive() {
        let letters = deadLetters
        deadLetters = []
        for letter in letters { put(Message(id: letter.id, body: letter.body)) }
    }

    private func put(_ message: Message) {
        visible.append(message)
        deliver()
    }

    private func deliver() {
        while atWork < Self.maximumConcurrency, !visible.isEmpty {
            let place = world.random(in: 0...min(visible.count, Self.disorder) - 1)
            guard var message = visible.remove(at: place) else { return }
            guard message.receiveCount < Self.mostReceives else {
                deadLetters.append(message)
                continue
            }
            message.receiveCount += 1
            if world.generator.chance(world.plan.behaviours.duplicateDeliveries) {
                hide(message, for: world.random(in: 0...2_000))
            }
            invoke(message)
        }
    }

    /// Every delivery has the message's request id: that Lambda makes a new one for each is not promised.
    private func invoke(_ message: Message) {
        atWork += 1
        let end = world.now + Self.visibilityTimeout
        world.lambda.invoke("provision-order", event(message), requestID: message.id) { [self] result in
            atWork -= 1
            if !isDone(result) { hide(message, for: end - world.now) }
            deliver()
        }
    }

    private func hide(_ message: Message, for wait: Milliseconds) {
        hidden += 1
        world.after(wait) { [self] in
            hidden -= 1
            put(message)
        }
    }

    private func isDone(_ result: Result<[UInt8], FunctionError>?) -> Bool {
        guard case .success(let answer) = result else { return false }
        return JSON(answer)?["batchItemFailures"] == []
    }

    private func event(_ message: Message) -> JSON {
        let record: JSON = [
            "messageId": .string(message.id), "body": .string(String(decoding: message.body.bytes, as: UTF8.self)),
            "attributes": ["ApproximateReceiveCount": .string(String(message.receiveCount))],
        ]
        return ["Records": [record]]
    }
}
