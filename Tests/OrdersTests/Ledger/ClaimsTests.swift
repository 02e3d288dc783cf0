import Basics
import JSON
import Testbed
import Testing

@testable import AWS
@testable import Orders
@testable import Salesforce

/// Claims of nonces and idempotency keys, as the ledger writes and reads them.
@Suite struct ClaimsTests {
    private static func acceptance(claimant: String = "invocation-1") throws -> Acceptance {
        Acceptance(
            orderID: try #require(RecordID(Seed.order)), nonce: "nonce", idempotencyKey: "key",
            requestedAt: .requestTime,
            claimant: claimant, correlationID: "correlation-1", nonceLifetime: 600_000)
    }

    private static var ledger: Ledger { Ledger(Table("table", Account([:]), .live()), now: { .requestTime }) }

    /// DynamoDB deletes an expired item late, so a claim is free when it has expired as well as when it is gone.
    @Test("A claim replaces an expired one only", arguments: [false, true]) func condition(_ isNonce: Bool) throws {
        let request = try Self.acceptance()
        let claim =
            try isNonce ? Self.ledger.nonceClaim(request) : Self.ledger.idempotencyKeyClaim(request, .accepted, 1)
        let body = claim.request("table")
        #expect(body["ConditionExpression"] == "(attribute_not_exists(#pk) OR #expiresAt < :condition0)")
        #expect(body["ExpressionAttributeValues"] == [":condition0": ["N": "1795169730"]])
    }

    @Test("A nonce claim names its claimant") func nonceClaim() throws {
        #expect(
            try Self.ledger.nonceClaim(try Self.acceptance()).request("table")["Item"] == [
                "pk": ["S": .string(ItemKey.nonce("nonce"))], "claimant": ["S": "invocation-1"],
                "expiresAt": ["N": .string(String(1_795_169_730 + 600 + 1))],
            ])
    }

    @Test("An idempotency key claim keeps the answer") func idempotencyKeyClaim() throws {
        #expect(
            try Self.ledger.idempotencyKeyClaim(try Self.acceptance(), .accepted, 2).request("table")["Item"] == [
                "pk": ["S": .string(ItemKey.idempotencyKey("key"))], "orderId": ["S": .string(Seed.order)],
                "attempt": ["N": "2"], "expiresAt": ["N": .string(String(1_795_169_730 + 86_400 + 1))],
                "answer": attribute(of: .accepted(2)),
            ])
    }

    // MARK: ExistingClaim

    @Test("A claim belongs to the request whose invocation made it") func claimant() throws {
        let claim = ExistingClaim(["claimant": "invocation-1"])
        #expect(claim.isOf(try Self.acceptance(claimant: "invocation-1")))
        #expect(!claim.isOf(try Self.acceptance(claimant: "invocation-2")))
    }

    @Test("A claim of an idempotency key stores order, request and answer") func keyClaim() throws {
        let claim = ExistingClaim(["orderId": .string(Seed.order), "attempt": 2, "answer": .accepted(2)])
        #expect((claim.orderID, claim.requestNumber, claim.answer) == (Seed.order, 2, .accepted(2)))
        #expect(!claim.isOf(try Self.acceptance()))
    }

    /// DynamoDB may return no item with a refused transaction.
    @Test("A claim that is not known belongs to nobody", arguments: [nil, [:]] as [Table.Item?])
    func unknownClaim(_ item: Table.Item?) throws {
        let claim = ExistingClaim(item)
        #expect((claim.orderID, claim.requestNumber, claim.answer) == (nil, nil, nil))
        #expect(!claim.isOf(try Self.acceptance()))
    }
}
