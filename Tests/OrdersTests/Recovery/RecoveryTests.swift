import AWS
import HTTP
import Lambda
import LocalStack
import Salesforce
import Testing

@testable import Orders

/// recover-orders in this process: a real ledger in moto, and the events that come out of the bus.
@Suite struct RecoveryTests {
    let works: Works

    init() throws {
        works = try Works()
    }

    private func recover(_ event: JSON = [:], _ wire: Wire? = nil, _ values: [String: String] = [:]) throws -> JSON {
        var environment = Environment(
            ["LEDGER_TABLE": works.cloud.table, "EVENT_BUS_NAME": works.cloud.bus].merging(values) { $1 })
        let settings = Recovery.Settings(&environment)
        try environment.check()
        let wire = wire ?? works.wire
        let invocation = Invocation(requestID: "recovery", deadline: wire.now + 60_000, payload: event.bytes)
        return JSON(try Recovery(settings, works.cloud.account, wire.client, works.log.log).handle(invocation)) ?? .null
    }

    private func eventsFor() throws -> [String] {
        try works.cloud.takeEvents().compactMap { $0["detail"]?["orderId"]?.text }
    }

    @Test func anAcceptedOrderThatWasNeverAnnouncedIsFound() throws {
        works.wire.before = { $0.action == "PutEvents" ? .unreachable : nil }
        try works.request(Seed.order, 1)
        works.wire.before = { _ in nil }
        #expect(try recover() == ["recovered": 0], "it may be announced yet")
        try works.waitUntilDue()
        #expect(try recover() == ["recovered": 1])
        let events = try works.cloud.takeEvents()
        #expect(events.map { $0["detail-type"] } == ["OrderProvisionRequested"])
        #expect(events.first?["detail"]?["orderId"]?.text == Seed.order)
        #expect(events.first?["detail"]?["attempt"]?.integer == 1)
        #expect(try works.run()["status"] == "Provisioned")
    }

    @Test func aRunThatDiedIsTakenUpInLessThanFiveMinutes() throws {
        try works.request(Seed.order, 1)
        let start = works.wire.now
        var isDead = false
        works.wire.before = { request in
            if request.whmcsAction == "GetProducts" { isDead = true }
            return isDead ? .lost : nil
        }
        _ = try? works.run()
        works.wire.before = { _ in nil }
        _ = try works.cloud.takeEvents()
        // Every minute, as the schedule does.
        while try recover() == ["recovered": 0] { works.wire.now += 60_000 }
        #expect(works.wire.now - start < 300_000)
        #expect(try works.run()["status"] == "Provisioned")
    }

    @Test func whatIsClaimedIsNotDueAgainForAWhile() throws {
        try works.request(Seed.order, 1)
        _ = try works.cloud.takeEvents()
        try works.waitUntilDue()
        #expect(try recover() == ["recovered": 1])
        #expect(try recover() == ["recovered": 0])
        #expect(try eventsFor() == [Seed.order])
        // Whoever lost the event comes again.
        works.wire.now += 120_001
        #expect(try recover() == ["recovered": 1])
    }

    /// Two recoveries read the same page before either has claimed anything.
    @Test func ofTwoRecoveriesOneGetsTheOrder() throws {
        try works.request(Seed.order, 1)
        _ = try works.cloud.takeEvents()
        try works.waitUntilDue()
        let first = works.wire
        let second = Wire(now: first.now)
        var other: JSON = .null
        first.before = { request in
            if request.action == "UpdateItem", other == .null {
                other = [:]
                other = (try? self.recover([:], second)) ?? .null
            }
            return nil
        }
        #expect(try recover() == ["recovered": 0])
        #expect(other == ["recovered": 1])
        #expect(try eventsFor() == [Seed.order])
    }

    @Test func finishedOrdersAreLeftAlone() throws {
        try works.run()
        try works.run(Seed.closedClientOrder)
        _ = try works.cloud.takeEvents()
        works.wire.now += 86_400_000
        #expect(try recover(["all": true]) == ["recovered": 0])
        #expect(try recover(["orderId": .string(Seed.order)]) == ["recovered": 0])
        #expect(try eventsFor() == [])
    }

    @Test func anOperatorNeedNotWait() throws {
        try works.request(Seed.order, 1)
        try works.request(Seed.otherOrder, 2)
        _ = try works.cloud.takeEvents()
        #expect(try recover(["orderId": .string(String(Seed.order.prefix(15)))]) == ["recovered": 1])
        #expect(try eventsFor() == [Seed.order])
        #expect(try recover(["all": true]) == ["recovered": 2])
        #expect(try Set(eventsFor()) == [Seed.order, Seed.otherOrder])
    }

    static let refused: [(JSON, String)] = [
        (["orderId": "nonsense"], "MalformedEvent"), (["orderId": 7], "MalformedEvent"), ([], "MalformedEvent"),
        (["orderId": "801Dn0000014UPzIAM"], "UnknownOrder"),
    ]

    @Test(arguments: refused)
    func whatCannotBeDoneIsTold(_ event: JSON, _ type: String) throws {
        let error = #expect(throws: FunctionError.self) { try recover(event) }
        #expect(error?.type == type)
    }

    @Test func manyAreSentInBatches() throws {
        for number in 0..<123 {
            let id = try #require(RecordID("801Dn0000015" + String(1000 + number).dropFirst()))
            _ = try Ledger(Table(works.cloud.table, works.cloud.account, .live()), now: { 1 }).enter(
                id, correlationID: "c")
        }
        #expect(try recover() == ["recovered": 123])
        #expect(works.wire.requests.filter { $0.action == "PutEvents" }.count == 13)
        #expect(try eventsFor().count == 123)
    }

    @Test func aBusThatTakesNothingLosesNothing() throws {
        try works.request(Seed.order, 1)
        _ = try works.cloud.takeEvents()
        try works.waitUntilDue()
        works.wire.before = { $0.action == "PutEvents" ? .unreachable : nil }
        #expect(try recover() == ["recovered": 0])
        #expect(works.log.messages.contains("alert"))
        works.wire.before = { _ in nil }
        try works.waitUntilDue()
        #expect(try recover() == ["recovered": 1])
    }

    /// Announced again and again, and nobody takes it up: that must not look young.
    @Test func anOrderThatNobodyBeginsGrowsOld() throws {
        try works.request(Seed.order, 1)
        let start = works.wire.now
        for _ in 1...10 {
            try works.waitUntilDue()
            #expect(try recover() == ["recovered": 1])
        }
        let ages = works.log.lines.compactMap { $0["OldestDueAge"]?.integer }
        #expect(ages.last == works.wire.now - start)
    }

    @Test func theOldestAgeIsAMetric() throws {
        try works.request(Seed.order, 1)
        try works.waitUntilDue()
        works.wire.now += 5_000
        _ = try recover()
        let line = try #require(works.log.lines.first { $0["_aws"] != nil })
        #expect(line["RecoveredOrders"]?.integer == 1)
        #expect(line["OldestDueAge"]?.integer == 65_001, "it was to be announced a minute before")
        #expect(line["_aws"]?["CloudWatchMetrics"]?.array?.first?["Namespace"] == "Orders")
    }
}
