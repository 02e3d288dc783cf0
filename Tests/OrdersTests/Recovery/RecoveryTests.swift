import AWS
import Basics
import JSON
import Lambda
import Salesforce
import Testbed
import Testing

@testable import Orders

/// recover-orders in this process: a real ledger in moto, and the events that come out of the bus.
@Suite struct RecoveryTests {
    let harness: ProvisioningHarness

    init() throws {
        harness = try ProvisioningHarness()
    }

    private func recover(_ event: JSON = [:], _ network: FakeNetwork? = nil, _ values: [String: String] = [:]) throws
        -> JSON
    {
        var environment = Environment(
            ["LEDGER_TABLE": harness.aws.table, "EVENT_BUS_NAME": harness.aws.bus].merging(values) { $1 })
        let settings = Recovery.Settings(&environment)
        try environment.check()
        let network = network ?? harness.network
        let invocation = Invocation(requestID: "recovery", deadline: network.now + 60_000, payload: event.bytes)
        return JSON(try Recovery(settings, harness.aws.account, network.client, harness.log.log).handle(invocation))
            ?? .null
    }

    private func eventsFor() throws -> [String] {
        try harness.aws.takeEvents().compactMap { $0["detail"]?["orderId"]?.string }
    }

    @Test func anAcceptedOrderThatWasNeverAnnouncedIsFound() throws {
        harness.network.before = { $0.action == "PutEvents" ? .unreachable : nil }
        try harness.request(Seed.order, 1)
        harness.network.before = { _ in nil }
        #expect(try recover() == ["recovered": 0], "it may be announced yet")
        try harness.waitUntilDue()
        #expect(try recover() == ["recovered": 1])
        let events = try harness.aws.takeEvents()
        #expect(events.map { $0["detail-type"] } == ["OrderProvisionRequested"])
        #expect(events.first?["detail"]?["orderId"]?.string == Seed.order)
        #expect(events.first?["detail"]?["attempt"]?.integer == 1)
        #expect(try harness.run()["status"] == "Provisioned")
    }

    @Test func aRunThatDiedIsTakenUpInLessThanFiveMinutes() throws {
        try harness.request(Seed.order, 1)
        let start = harness.network.now
        var isDead = false
        harness.network.before = { request in
            if request.whmcsAction == "GetProducts" { isDead = true }
            return isDead ? .lost : nil
        }
        _ = try? harness.run()
        harness.network.before = { _ in nil }
        _ = try harness.aws.takeEvents()
        // Every minute, as the schedule does.
        while try recover() == ["recovered": 0] { harness.network.now += 60_000 }
        #expect(harness.network.now - start < 300_000)
        #expect(try harness.run()["status"] == "Provisioned")
    }

    @Test func whatIsClaimedIsNotDueAgainForAWhile() throws {
        try harness.request(Seed.order, 1)
        _ = try harness.aws.takeEvents()
        try harness.waitUntilDue()
        #expect(try recover() == ["recovered": 1])
        #expect(try recover() == ["recovered": 0])
        #expect(try eventsFor() == [Seed.order])
        // Whoever lost the event comes again.
        harness.network.now += 120_001
        #expect(try recover() == ["recovered": 1])
    }

    /// Two recoveries read the same page before either has claimed anything.
    @Test func ofTwoRecoveriesOneGetsTheOrder() throws {
        try harness.request(Seed.order, 1)
        _ = try harness.aws.takeEvents()
        try harness.waitUntilDue()
        let first = harness.network
        let second = FakeNetwork(now: first.now)
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
        try harness.run()
        try harness.run(Seed.closedClientOrder)
        _ = try harness.aws.takeEvents()
        harness.network.now += 86_400_000
        #expect(try recover(["all": true]) == ["recovered": 0])
        #expect(try recover(["orderId": .string(Seed.order)]) == ["recovered": 0])
        #expect(try eventsFor() == [])
    }

    @Test func anOperatorNeedNotWait() throws {
        try harness.request(Seed.order, 1)
        try harness.request(Seed.otherOrder, 2)
        _ = try harness.aws.takeEvents()
        #expect(try recover(["orderId": .string(String(Seed.order.prefix(15)))]) == ["recovered": 1])
        #expect(try eventsFor() == [Seed.order])
        // A clock stands still in these tests, and what is claimed in that very ms is taken for the round's own.
        harness.network.now += 1
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

    /// Orders that are due, the first of them first.
    private func enter(_ count: Int) throws -> [String] {
        let ids = (0..<count).map { "801Dn0000015" + String(1000 + $0).dropFirst() }.compactMap { RecordID($0) }
        let orders = Ledger(Table(harness.aws.table, harness.aws.account, .live()), now: { 1 })
        for (number, id) in ids.enumerated() {
            let due = ItemUpdate([.status: "Accepted", .open: "1", .dueAt: .number(1000 + number)])
            _ = try orders.table.write(.update(ItemKey.order(id), due, if: .absent(.key)))
        }
        return ids.map(\.text)
    }

    /// More than a page of the index.
    private let many = 280

    /// Of all, those that are claimed come up again, and are passed over.
    @Test(arguments: [([:], 2), (["all": true], 3)] as [(JSON, Int)])
    func manyAreSentOnceEachTheOldestFirst(_ event: JSON, _ pages: Int) throws {
        let orders = try enter(many)
        #expect(try recover(event) == ["recovered": .number(many)])
        #expect(try eventsFor() == orders)
        #expect(harness.network.requests.count { $0.action == "PutEvents" } == many / 10)
        #expect(harness.network.requests.count { $0.action == "Query" } == pages)
    }

    /// The invocation must end by itself: one that is killed has claimed orders that it does not announce.
    @Test func whatThereIsNoTimeForIsLeftForTheNextRound() throws {
        let orders = try enter(many)
        let start = harness.network.now
        harness.network.before = { [network = harness.network] request in
            if request.action == "UpdateItem" { network.now += 450 }
            return nil
        }
        #expect(try recover() == ["recovered": 100, "left": .number(many - 100)])
        // Three quarters of a minute; what was begun then is brought to its end.
        #expect(harness.network.now - start == 45_000)
        harness.network.before = { _ in nil }
        #expect(try recover() == ["recovered": .number(many - 100)])
        #expect(try eventsFor() == orders)
    }

    /// What is announced to nobody would wait for two minutes; the next round is in one.
    @Test func whileTheBusTakesNothingNoMoreIsClaimed() throws {
        let orders = try enter(120)
        harness.network.before = { $0.action == "PutEvents" ? .unreachable : nil }
        #expect(try recover() == ["recovered": 0, "left": 70])
        #expect(harness.log.messages.count { $0 == "alert" } == 1)
        harness.network.before = { _ in nil }
        #expect(try recover() == ["recovered": 70])
        harness.network.now += 120_001
        #expect(try recover() == ["recovered": 120])
        #expect(try eventsFor() == orders[50...] + orders)
    }

    @Test func aBusThatTakesNothingLosesNothing() throws {
        try harness.request(Seed.order, 1)
        _ = try harness.aws.takeEvents()
        try harness.waitUntilDue()
        harness.network.before = { $0.action == "PutEvents" ? .unreachable : nil }
        #expect(try recover() == ["recovered": 0, "left": 0])
        #expect(harness.log.messages.contains("alert"))
        harness.network.before = { _ in nil }
        try harness.waitUntilDue()
        #expect(try recover() == ["recovered": 1])
    }

    /// Announced again and again, and nobody takes it up: that must not look young.
    @Test func anOrderThatNobodyBeginsGrowsOld() throws {
        try harness.request(Seed.order, 1)
        let start = harness.network.now
        for _ in 1...10 {
            try harness.waitUntilDue()
            #expect(try recover() == ["recovered": 1])
        }
        let ages = harness.log.lines.compactMap { $0["OldestDueAge"]?.integer }
        #expect(ages.last == harness.network.now - start)
    }

    @Test func theOldestAgeIsAMetric() throws {
        try harness.request(Seed.order, 1)
        try harness.waitUntilDue()
        harness.network.now += 5_000
        _ = try recover()
        let line = try #require(harness.log.lines.first { $0["_aws"] != nil })
        #expect(line["RecoveredOrders"]?.integer == 1)
        #expect(line["OldestDueAge"]?.integer == 65_001, "it was to be announced a minute before")
        #expect(line["_aws"]?["CloudWatchMetrics"]?.array?.first?["Namespace"] == "Orders")
    }
}
