import Basics
import Foundation
import JSON
import TestSupport
import Testbed
import Testing

@testable import Orders

/// Reads by those who may not read, or who changed a signed read.
@Suite struct ReadAttackTests {
    private static let known = Seed.order
    private static let unknown = Seed.otherOrder

    private static func harness() throws -> StatusHarness {
        let harness = try StatusHarness()
        try harness.aws.set(
            "order#\(known)", ["status": "Provisioned", "attempt": 1, "updatedAt": .milliseconds(.requestTime)])
        return harness
    }

    private static let good = ReadRequest().signature

    /// What the request is, for any order.
    private static let refusals: [(String, @Sendable (String) -> ReadRequest)] = [
        ("unsigned", { ReadRequest(order: $0, headers: ReadRequest.unsigned) }),
        ("no timestamp", { ReadRequest(order: $0, headers: ["x-sf-timestamp": nil]) }),
        ("no signature", { ReadRequest(order: $0, headers: ["x-sf-signature": nil]) }),
        ("another secret", { ReadRequest(order: $0, secret: "another") }),
        ("another order's", { ReadRequest(order: $0, path: "/orders/801Dn0000014UPcIAM") }),
        ("the health's", { ReadRequest(order: $0, path: "/health") }),
        ("another time's", { ReadRequest(order: $0, headers: ["x-sf-timestamp": "2026-11-20T10:15:31Z"]) }),
        ("another spelling of the time", { ReadRequest(order: $0, headers: ["x-sf-timestamp": "1795169730"]) }),
        ("stale", { ReadRequest(order: $0, timestamp: "2026-11-20T10:10:29Z") }),
        ("from the future", { ReadRequest(order: $0, timestamp: "2026-11-20T10:20:31Z") }),
        ("local time", { ReadRequest(order: $0, timestamp: "2026-11-20T11:15:30Z") }),
        ("no time", { ReadRequest(order: $0, timestamp: "now") }),
        ("an empty time", { ReadRequest(order: $0, timestamp: "") }),
        ("of a POST", { ReadRequest(order: $0, signed: "POST\n/orders/\($0)\n2026-11-20T10:15:30Z") }),
        ("of the path alone", { ReadRequest(order: $0, signed: "/orders/\($0)") }),
        ("of an order", { ReadRequest(order: $0, headers: ["x-sf-signature": WebhookRequest().signature]) }),
        ("doubled", { ReadRequest(order: $0, headers: ["x-sf-signature": "\(good),\(good)"]) }),
        ("truncated", { ReadRequest(order: $0, headers: ["x-sf-signature": String(good.dropLast(2))]) }),
        ("empty", { ReadRequest(order: $0, headers: ["x-sf-signature": ""]) }),
    ]

    @Test("Who may not read learns nothing of an order", arguments: refusals.indices)
    func sameAnswer(_ index: Int) throws {
        let (name, request) = Self.refusals[index]
        let harness = try Self.harness()
        let answers = try [Self.known, Self.unknown, "801", "health", "801Dn0000014UPaIAN", "../health"].map { id in
            try harness.get(request(id))
        }
        for answer in answers {
            #expect((answer.status, answer.text) == (401, answers[0].text), "\(name)")
            #expect(answer.headers == answers[0].headers)
            #expect(["INVALID_SIGNATURE", "STALE_TIMESTAMP"].contains(answer.code))
        }
        // No answer takes a call to the ledger longer than another.
        #expect(!harness.network.requests.contains { $0.action == "GetItem" })
    }

    @Test(
        "A signed read is answered up to the tolerance, in any spelling of time and digits",
        arguments: [
            ReadRequest(), ReadRequest(timestamp: "2026-11-20T10:10:30Z"),
            ReadRequest(timestamp: "2026-11-20T10:20:30Z"),
            ReadRequest(timestamp: "1795169730"), ReadRequest(timestamp: "2026-11-20T11:15:30+01:00"),
            ReadRequest(headers: ["x-sf-signature": good.uppercased()]), ReadRequest(isREST: true),
            ReadRequest(order: "801Dn0000014UPa"),
        ])
    func accepted(_ request: ReadRequest) throws {
        let answer = try Self.harness().get(request)
        #expect((answer.status, answer.body["orderId"]) == (200, .string(Self.known)), "\(answer.text)")
    }

    /// The signature names the id as it is in the path.
    @Test("The two forms of an id have two signatures") func otherForm() throws {
        let request = ReadRequest(order: Self.known, path: "/orders/801Dn0000014UPa")
        #expect(try Self.harness().get(request).status == 401)
    }

    @Test("A read may be repeated: it changes nothing") func repeated() throws {
        let harness = try Self.harness()
        let before = try harness.aws.keys()
        for _ in 0..<3 { #expect(try harness.get(ReadRequest()).status == 200) }
        #expect(try harness.aws.keys() == before)
    }

    @Test("During a rotation both secrets read, and a new one is found within a minute") func rotation() throws {
        let (old, new) = (WebhookRequest.secret, "new-" + WebhookRequest.secret)
        let harness = try Self.harness()
        #expect(try harness.get(ReadRequest()).status == 200)
        try harness.aws.put("webhook-secret", "\(new)\n\(old)")
        harness.network.now += 60_000
        #expect(try harness.get(ReadRequest(secret: new)).status == 200)
        #expect(try harness.get(ReadRequest(secret: old)).status == 200)
    }

    @Test("The log holds no secret and no signature") func log() throws {
        let harness = try Self.harness()
        _ = try harness.get(ReadRequest(secret: "another"))
        _ = try harness.get(ReadRequest(order: Self.unknown))
        for secret in [WebhookRequest.secret, ReadRequest().signature] { #expect(!harness.log.text.contains(secret)) }
    }
}
