import AWS
import Foundation
import HTTP
import JSON
import TestSupport
import Testbed
import Testing

/// The calls against an independent implementation.
@Suite struct MotoTests {
    /// Of the test's table, bus, queue and parameter: all tests share one moto.
    private let name = "test-\(UUID())"

    private func newTable(_ moto: MotoServer) throws -> Table {
        try moto.boto(
            """
            client("dynamodb").create_table(
                TableName="\(name)", BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
                KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}])
            """)
        return Table(name, .at(moto.url), .live())
    }

    private static let new = Write.Expression("attribute_not_exists(#pk)")

    @Test("Conditional writes work") func table() throws {
        let moto = try MotoServer.shared.get()
        let table = try newTable(moto)
        let item: Table.Item = [
            "pk": "order#1", "status": "Accepted", "attempt": 1, "history": [["at": 1_800_000_000_000]],
            "flag": true, "none": .null, "text": "café",
        ]
        #expect(try table.get("order#1") == nil)
        #expect(try table.write(.put(item, if: Self.new)) == .written([:]))
        #expect(try table.get("order#1") == item)
        // The first write fails the condition of the second.
        #expect(try table.write(.put(["pk": "order#1"], if: Self.new)) == .conditionFailed(item))

        let take = Write.update(
            "order#1", .init("SET #status = :new REMOVE #text, #history, #none, #flag", ["new": "Activating"]),
            if: .init("#status = :old", ["old": "Accepted"]))
        let taken: Table.Item = ["pk": "order#1", "status": "Activating", "attempt": 1]
        #expect(try table.write(take) == .written(taken))
        #expect(try table.write(take) == .conditionFailed(taken))
    }

    @Test("A transaction makes all writes or none") func transaction() throws {
        let moto = try MotoServer.shared.get()
        let table = try newTable(moto)
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

    @Test("A missing table is refused") func missingTable() throws {
        let moto = try MotoServer.shared.get()
        let missing = Table(name, .at(moto.url), .live())
        #expect {
            try missing.get("x")
        } throws: {
            ($0 as? AWSFailure)?.code == "ResourceNotFoundException"
        }
    }

    @Test("A parameter is written with its policy and read decrypted") func parameters() throws {
        let moto = try MotoServer.shared.get()
        let store = ParameterStore(.at(moto.url), .live())
        #expect(try store.get([name]) == [:])
        let policy: JSON = [
            "Type": "NoChangeNotification", "Version": "1.0", "Attributes": ["After": "2", "Unit": "Hours"],
        ]
        try store.put(name, "first é", policies: [policy])
        try store.put(name, "second é", policies: [policy])
        // moto would return an encrypted SecureString with its key in front.
        #expect(try store.get([name, "/other"]) == [name: "second é"])
        let stored = try moto.boto(
            """
            only = [{"Key": "Name", "Values": ["\(name)"]}]
            p = client("ssm").describe_parameters(ParameterFilters=only)["Parameters"][0]
            print(p["Type"], p["Tier"], p["Version"], "NoChangeNotification" in str(p["Policies"]))
            """)
        #expect(stored == "SecureString Advanced 2 True\n")
    }

    @Test("An event arrives behind the bus") func events() throws {
        let moto = try MotoServer.shared.get()
        // A queue behind the bus shows the events.
        try moto.boto(
            """
            events, sqs = client("events"), client("sqs")
            events.create_event_bus(Name="\(name)")
            sqs.create_queue(QueueName="\(name)")
            events.put_rule(Name="all", EventBusName="\(name)",
                            EventPattern=json.dumps({"source": ["salesforce.orders"]}))
            events.put_targets(Rule="all", EventBusName="\(name)", Targets=[
                {"Id": "events", "Arn": "arn:aws:sqs:eu-west-1:123456789012:\(name)"}])
            """)
        let bus = EventBus(name, .at(moto.url), .live())
        let (taken, failure) = bus.put(
            source: "salesforce.orders", detailType: "OrderProvisionRequested",
            details: [["orderId": "801", "text": "é"]])
        #expect(taken == 1 && failure == nil)
        let received = try moto.boto(
            """
            sqs = client("sqs")
            url = sqs.get_queue_url(QueueName="\(name)")["QueueUrl"]
            print(sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"])
            """)
        let event = JSON(Array(received.utf8))
        #expect(event?["detail-type"] == "OrderProvisionRequested")
        #expect(event?["source"] == "salesforce.orders")
        #expect(event?["detail"] == ["orderId": "801", "text": "é"])
        try bus.describe(HTTPClient.live().sendAll([bus.describeRequest()])[0])
    }

    @Test("A missing bus is refused") func missingBus() throws {
        let moto = try MotoServer.shared.get()
        let bus = EventBus(name, .at(moto.url), .live())
        #expect(bus.put(source: "s", detailType: "t", details: [[:]]).failure?.code == "ResourceNotFoundException")
        #expect {
            try bus.describe(HTTPClient.live().sendAll([bus.describeRequest()])[0])
        } throws: {
            ($0 as? AWSFailure)?.code == "ResourceNotFoundException"
        }
    }
}
