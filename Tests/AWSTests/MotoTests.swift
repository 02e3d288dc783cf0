import AWS
import Foundation
import HTTP
import JSON
import TestSupport
import Testing

/// The calls against a server that somebody else wrote.
@Suite struct MotoTests {
    private func table(_ moto: Moto) throws -> Table {
        try moto.boto(
            """
            client("dynamodb").create_table(
                TableName="ledger", BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
                KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}])
            """)
        return Table("ledger", .at(moto.url), .live())
    }

    private static let new = Write.Expression("attribute_not_exists(#pk)")

    @Test func aTable() throws {
        let moto = try Moto()
        let table = try table(moto)
        let item: Table.Item = [
            "pk": "order#1", "status": "Accepted", "attempt": 1, "history": [["at": 1_800_000_000_000]],
            "flag": true, "none": .null, "text": "café",
        ]
        #expect(try table.get("order#1") == nil)
        #expect(try table.write(.put(item, if: Self.new)) == .written([:]))
        #expect(try table.get("order#1") == item)
        // The second finds the first in its way.
        #expect(try table.write(.put(["pk": "order#1"], if: Self.new)) == .conditionFailed(item))

        let take = Write.update(
            "order#1", .init("SET #status = :new REMOVE #text, #history, #none, #flag", ["new": "Activating"]),
            if: .init("#status = :old", ["old": "Accepted"]))
        let taken: Table.Item = ["pk": "order#1", "status": "Activating", "attempt": 1]
        #expect(try table.write(take) == .written(taken))
        #expect(try table.write(take) == .conditionFailed(taken))
    }

    @Test func aTransaction() throws {
        let moto = try Moto()
        let table = try table(moto)
        let writes = ["nonce#1", "key#1"].map { Write.put(["pk": .string($0), "n": 1], if: Self.new) }
        #expect(try table.transact(writes) == nil)
        #expect(try table.get("key#1") == ["pk": "key#1", "n": 1])

        let second = [
            Write.put(["pk": "nonce#2"], if: Self.new), Write.put(["pk": "key#1"], if: Self.new),
        ]
        #expect(try table.transact(second) == [.held, .failed(["pk": "key#1", "n": 1])])
        // All or nothing.
        #expect(try table.get("nonce#2") == nil)
    }

    @Test func aTableThatIsNotThere() throws {
        let moto = try Moto()
        let missing = Table("missing", .at(moto.url), .live())
        #expect {
            try missing.get("x")
        } throws: {
            ($0 as? AWSFailure)?.code == "ResourceNotFoundException"
        }
    }

    @Test func parameters() throws {
        let moto = try Moto()
        let store = ParameterStore(.at(moto.url), .live())
        #expect(try store.get(["/token"]) == [:])
        let policy: JSON = [
            "Type": "NoChangeNotification", "Version": "1.0", "Attributes": ["After": "2", "Unit": "Hours"],
        ]
        try store.put("/token", "first é", policies: [policy])
        try store.put("/token", "second é", policies: [policy])
        // Decrypted: moto shows a SecureString without decryption with its key in front.
        #expect(try store.get(["/token", "/other"]) == ["/token": "second é"])
        let stored = try moto.boto(
            """
            p = client("ssm").describe_parameters()["Parameters"][0]
            print(p["Type"], p["Tier"], p["Version"], "NoChangeNotification" in str(p["Policies"]))
            """)
        #expect(stored == "SecureString Advanced 2 True\n")
    }

    @Test func events() throws {
        let moto = try Moto()
        // A queue behind the bus shows what arrived.
        try moto.boto(
            """
            events, sqs = client("events"), client("sqs")
            events.create_event_bus(Name="orders")
            sqs.create_queue(QueueName="tap")
            events.put_rule(Name="all", EventBusName="orders",
                            EventPattern=json.dumps({"source": ["salesforce.orders"]}))
            events.put_targets(Rule="all", EventBusName="orders", Targets=[
                {"Id": "tap", "Arn": "arn:aws:sqs:eu-west-1:123456789012:tap"}])
            """)
        let bus = EventBus("orders", .at(moto.url), .live())
        let (taken, failure) = bus.put(
            source: "salesforce.orders", detailType: "OrderProvisionRequested",
            details: [["orderId": "801", "text": "é"]])
        #expect(taken == 1 && failure == nil)
        let tapped = try moto.boto(
            """
            sqs = client("sqs")
            url = sqs.get_queue_url(QueueName="tap")["QueueUrl"]
            print(sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"])
            """)
        let event = JSON(Array(tapped.utf8))
        #expect(event?["detail-type"] == "OrderProvisionRequested")
        #expect(event?["source"] == "salesforce.orders")
        #expect(event?["detail"] == ["orderId": "801", "text": "é"])
        try bus.describe(HTTPClient.live().sendAll([bus.describeRequest()])[0])
    }

    @Test func aBusThatIsNotThere() throws {
        let moto = try Moto()
        let bus = EventBus("missing", .at(moto.url), .live())
        #expect(bus.put(source: "s", detailType: "t", details: [[:]]).failure?.code == "ResourceNotFoundException")
        #expect {
            try bus.describe(HTTPClient.live().sendAll([bus.describeRequest()])[0])
        } throws: {
            ($0 as? AWSFailure)?.code == "ResourceNotFoundException"
        }
    }
}
