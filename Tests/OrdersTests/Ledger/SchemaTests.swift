import Crypto
import Testbed
import Testing

@testable import Orders
@testable import Salesforce

@Suite struct SchemaTests {
    /// sha256("abc"), from FIPS 180-4.
    private static let hashOfABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

    @Test("A key begins with the kind of the item") func prefixes() throws {
        #expect(ItemKey.order(try #require(RecordID("801Dn0000014UPa"))) == "order#801Dn0000014UPaIAM")
        #expect(try ItemKey.nonce("abc") == "nonce#\(Self.hashOfABC)")
        #expect(try ItemKey.idempotencyKey("abc") == "key#\(Self.hashOfABC)")
        #expect(try ItemKey.markerSupport(whmcsURL: "abc") == "install#\(Self.hashOfABC)")
    }

    @Test("A hash bounds what a sender chooses", arguments: [0, 1, 128, 10_000]) func bounds(_ length: Int) throws {
        let text = String(repeating: "n", count: length)
        #expect(try ItemKey.nonce(text).utf8.count == "nonce#".utf8.count + 64)
        #expect(try ItemKey.idempotencyKey(text).utf8.count == "key#".utf8.count + 64)
    }

    @Test("The order id comes back from its key") func orderID() throws {
        let id = try #require(RecordID(Seed.order))
        #expect(ItemKey.orderID(ItemKey.order(id)) == id)
    }

    @Test(
        "The key of another item holds no order id",
        arguments: [
            "", "order#", "order#801", "order#nobody", Seed.order, "Order#\(Seed.order)", "order#order#\(Seed.order)",
            "nonce#\(Seed.order)", "key#\(Seed.order)", "install#\(Seed.order)", ItemKey.token, "nonce#\(hashOfABC)",
        ])
    func foreignKey(_ key: String) {
        #expect(ItemKey.orderID(key) == nil)
    }

    /// Orders in the ledger outlive a deployment.
    @Test(
        "An attribute keeps the name that DynamoDB stores",
        arguments: [
            (.key, "pk"), (.requestNumber, "attempt"), (.attempts, "tries"), (.addOrderAt, "addOrderAt"),
            (.addOrderRequestNumber, "addOrderAttempt"), (.whmcsOrderID, "whmcsOrderId"),
            (.whmcsServiceIDs, "whmcsServiceIds"), (.unconfirmedUntil, "lateUntil"), (.platformEventID, "lastEvent"),
            (.correlationID, "correlationId"), (.cancelledWHMCSOrderID, "cancelledWhmcsOrderId"), (.orderID, "orderId"),
            (.expiresAt, "expiresAt"), (.errorCode, "errorCode"), (.endedAt, "endedAt"),
        ] as [(Attribute, String)])
    func storedName(_ attribute: Attribute, _ name: String) {
        #expect(attribute.rawValue == name)
        #expect("#\(attribute)" == "#\(name)")
    }
}
