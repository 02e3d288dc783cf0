import Basics
import HTTP
import Lambda
import Testbed
import TestSupport
import Testing

@testable import Orders

/// What happens when a part of AWS is not there, or holds something else than it should.
@Suite struct OutageTests {
    private static func expectUnavailable(_ answer: Answer, _ comment: Comment? = nil) {
        #expect(answer.status == 503, comment)
        #expect(answer.headers == ["Content-Type": "application/problem+json", "Retry-After": "5"], comment)
        // The inside stays inside.
        #expect(
            answer.body == [
                "type": "about:blank", "title": "Service Unavailable", "status": 503, "code": "SERVICE_UNAVAILABLE",
                "detail":
                    "the request may not have been recorded; send it again, with the same Idempotency-Key and a new nonce",
                "requestId": "api-1",
            ], comment)
    }

    // MARK: The ledger

    @Test func withoutALedgerTheCallerComesAgain() throws {
        let closed = try ClosedPort()
        let gate = try Gate(endpoints: ["DYNAMODB": "http://127.0.0.1:\(closed.port)"])
        Self.expectUnavailable(try gate.send(Click()))
        #expect(try gate.cloud.keys() == [])
        #expect(try gate.cloud.takeEvents() == [])
        #expect(gate.log.messages.contains { $0.hasPrefix("the ledger did not take the order:") })
    }

    @Test func theCallerThatComesAgainIsAccepted() throws {
        let gate = try Gate()
        gate.wire.before = { $0.action == "TransactWriteItems" ? .unreachable : nil }
        Self.expectUnavailable(try gate.send(Click()))
        gate.wire.before = { _ in nil }
        #expect(try gate.send(Click()).body == .accepted())
    }

    @Test(
        arguments: [
            ("ResourceNotFoundException", 400), ("AccessDeniedException", 400), ("InternalServerError", 500),
        ] as [(String, Int)])
    func aLedgerThatRefusesIsNoReasonToTellMore(_ code: String, _ status: Int) throws {
        let gate = try Gate()
        gate.wire.before = { request in
            guard request.action == "TransactWriteItems" else { return nil }
            let body = #"{"__type":"com.amazonaws.dynamodb.v20120810#\#(code)","message":"arn:aws:dynamodb:secret"}"#
            return .success(Response(status: status, body: Array(body.utf8)))
        }
        Self.expectUnavailable(try gate.send(Click()), "\(code)")
        #expect(try gate.cloud.keys() == [])
    }

    /// What cannot be read is neither new nor done.
    @Test func anUnreadableOrderIsLeftAlone() throws {
        let gate = try Gate()
        try gate.cloud.set("order#\(Seed.order)", ["status": "Teleported"])
        Self.expectUnavailable(try gate.send(Click()))
        #expect(try gate.cloud.order(Seed.order)["status"] == "Teleported")
        #expect(try gate.cloud.takeEvents() == [])
    }

    /// Others are always faster: no answer is made up.
    @Test func anOrderThatNeverStandsStillIsTriedAgainLater() throws {
        let gate = try Gate()
        try gate.cloud.set("order#\(Seed.order)", ["status": "Failed", "attempt": 1])
        var transactions = 0
        gate.wire.before = { request in
            if request.action == "TransactWriteItems" {
                transactions += 1
                try? gate.cloud.set("order#\(Seed.order)", ["attempt": .number(transactions + 1)])
            }
            return nil
        }
        Self.expectUnavailable(try gate.send(Click()))
        #expect(transactions == 3)
        #expect(try gate.cloud.takeEvents() == [])
    }

    // MARK: The bus

    /// The order is in the ledger, due within a minute; whoever looks there announces it.
    @Test func withoutABusTheOrderIsAccepted() throws {
        let gate = try Gate(["EVENT_BUS_NAME": "nobody-made-this-one"])
        gate.wire.after = { request, answer in
            // moto takes an event for any bus.
            guard request.action == "PutEvents" else { return answer }
            let refusal = #"{"FailedEntryCount":1,"Entries":[{"ErrorCode":"InternalFailure","ErrorMessage":"x"}]}"#
            return .success(Response(status: 200, body: Array(refusal.utf8)))
        }
        try Self.expectAcceptedUnannounced(gate)
    }

    @Test(arguments: [true, false]) func withABusThatDoesNotAnswerTheOrderIsAccepted(_ isRefused: Bool) throws {
        let gate = try Gate()
        gate.wire.before = { request in
            guard request.action == "PutEvents" else { return nil }
            let refusal = Response(status: 400, body: Array(#"{"__type":"ResourceNotFoundException"}"#.utf8))
            return isRefused ? .success(refusal) : .unreachable
        }
        try Self.expectAcceptedUnannounced(gate)
    }

    private static func expectAcceptedUnannounced(_ gate: Gate) throws {
        let answer = try gate.send(Click())
        #expect((answer.status, answer.body) == (202, .accepted()))
        let order = try gate.cloud.order(Seed.order)
        #expect((order["status"], order["open"]) == ("Accepted", "1"))
        #expect(order["dueAt"]?.timestamp == .clickTime + 60_000)
        #expect(gate.log.messages.contains { $0.hasPrefix("accepted, but not announced: events PutEvents") })
    }

    // MARK: The secrets

    @Test func bothSecretsOfARotationAreGood() throws {
        let gate = try Gate(secret: "new-secret\nold-secret\n")
        #expect(try gate.send(Click(secret: "old-secret")).status == 202)
        #expect(try gate.send(Click(secret: "new-secret").again(2)).status == 202)
        #expect(try gate.send(Click(secret: "new-secret\nold-secret").again(3)).code == "INVALID_SIGNATURE")
    }

    /// The secrets are kept for five minutes; a signature that does not fit them has them read again, a minute after
    /// they were read at the earliest.
    @Test func aNewSecretIsFoundWithinAMinute() throws {
        let gate = try Gate()
        func reads() -> Int { gate.wire.requests.count { $0.action == "GetParameters" } }
        let forged = Click(secret: "new-secret")
        #expect(try gate.send(forged).code == "INVALID_SIGNATURE")
        #expect(reads() == 1)
        try gate.cloud.put("webhook-secret", "new-secret")
        gate.wire.now += 59_999
        #expect(try gate.send(forged).code == "INVALID_SIGNATURE")
        #expect(reads() == 1)
        gate.wire.now += 1
        #expect(try gate.send(forged).status == 202)
        #expect(reads() == 2)
        #expect(try gate.send(Click().again(2)).code == "INVALID_SIGNATURE")
    }

    /// Forgers must not be able to make the program forget what it knows.
    @Test func aStoreThatDoesNotAnswerDoesNotUndoTheSecretsThatAreKept() throws {
        let gate = try Gate()
        try gate.start()
        gate.wire.before = { $0.action == "GetParameters" ? .unreachable : nil }
        gate.wire.now += 61_000
        Self.expectUnavailable(try gate.send(Click(secret: "forger")))
        #expect(try gate.send(Click().again(2)).status == 202)
    }

    @Test func theFirstRequestReadsNoSecret() throws {
        let gate = try Gate()
        try gate.start()
        let sent = gate.wire.requests.count
        #expect(try gate.send(Click()).status == 202)
        #expect(gate.wire.requests.dropFirst(sent).map(\.action) == ["TransactWriteItems", "PutEvents"])
    }

    @Test func withoutAStoreTheCallerComesAgain() throws {
        let gate = try Gate()
        gate.wire.before = { $0.action == "GetParameters" ? .unreachable : nil }
        try gate.start()
        #expect(
            gate.log.messages.contains { $0.hasPrefix("parameters could not be read yet: ssm GetParameters") })
        Self.expectUnavailable(try gate.send(Click()))
        #expect(try gate.cloud.keys() == [])
    }

    @Test(
        arguments: [
            (nil, "SF_WEBHOOK_SECRET_PARAMETER names a parameter that does not exist"),
            (" ", "the webhook secret is empty"),
            ("{!$Credential.Secret}", "the webhook secret is a placeholder; put a random secret there"),
        ] as [(String?, String)])
    func aSecretThatIsNoneIsToldAtTheStartAndSignsNothing(_ secret: String?, _ message: String) throws {
        let gate = try Gate(secret: secret)
        #expect(throws: FunctionError("Configuration", message)) { try gate.start() }
        Self.expectUnavailable(try gate.send(Click(secret: secret ?? "")))
    }

    @Test func nothingSecretIsLogged() throws {
        let gate = try Gate()
        _ = try gate.send(Click())
        _ = try gate.send(Click(secret: "another"))
        #expect(!gate.log.lines.isEmpty)
        for line in gate.log.lines {
            let text = String(decoding: line.bytes, as: UTF8.self)
            #expect(!text.contains(Click.secret) && !text.contains(Click().signature) && !text.contains(Click().nonce))
        }
    }
}
