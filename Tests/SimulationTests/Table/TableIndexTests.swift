import AWS
import Basics
import JSON
import Simulation
import Testing

/// The index `due`: what is in it, when, and in which pages.
@Suite struct TableIndexTests {
    private static let always = Write.Expression("attribute_exists(#pk) OR attribute_not_exists(#pk)")
    private static let open = Write.Expression("#open = :open", ["open": "1"])

    private func due(by time: Int) -> Write.Expression {
        .init("(#open = :open AND #dueAt <= :time)", ["open": "1", "time": .number(time)])
    }

    /// Nil takes the item out of the index.
    private func set(_ key: String, dueAt: Int?, lag: Milliseconds = 0, _ endpoint: TableEndpoint) throws {
        endpoint.lag = lag
        let update: Write.Expression =
            dueAt == nil
            ? .init("REMOVE #open")
            : .init("SET #open = :open, #dueAt = :dueAt", ["open": "1", "dueAt": .number(dueAt)])
        _ = try endpoint.table().write(.update(key, update, if: Self.always))
    }

    private func keys(_ endpoint: TableEndpoint, _ condition: Write.Expression = open) throws -> [JSON?] {
        try endpoint.table().query(index: "due", condition, limit: 100).items.map { $0["pk"] }
    }

    @Test("The index holds the keys of open items, the longest due first")
    func order() throws {
        let endpoint = TableEndpoint()
        for (key, dueAt) in [("c", 5), ("b", 7), ("d", -1), ("a", 5)] { try set(key, dueAt: dueAt, endpoint) }
        _ = try endpoint.table().write(.put(["pk": "e", "dueAt": 5], if: Self.always))
        _ = try endpoint.table().write(.put(["pk": "f", "open": "1"], if: Self.always))
        let page = try endpoint.table().query(index: "due", Self.open, limit: 100)
        #expect(
            page.items == [
                ["pk": "d", "open": "1", "dueAt": -1], ["pk": "a", "open": "1", "dueAt": 5],
                ["pk": "c", "open": "1", "dueAt": 5], ["pk": "b", "open": "1", "dueAt": 7],
            ])
        #expect(page.next == nil)
        #expect(try keys(endpoint, due(by: 5)) == ["d", "a", "c"])
        try set("a", dueAt: nil, endpoint)
        try set("d", dueAt: 6, endpoint)
        #expect(try keys(endpoint) == ["c", "d", "b"])
        #expect(try endpoint.table().count(index: "due", due(by: 6)) == 2)
    }

    @Test("The index follows the table after its lag")
    func lag() throws {
        let endpoint = TableEndpoint()
        try set("a", dueAt: 5, lag: 100, endpoint)
        endpoint.now += 99
        #expect(try keys(endpoint) == [])
        endpoint.now += 1
        #expect(try keys(endpoint) == ["a"])
        // The index names an item that has moved on.
        try set("a", dueAt: nil, lag: 100, endpoint)
        #expect(try keys(endpoint) == ["a"])
        #expect(endpoint.model.item("a")?["open"] == nil)
        endpoint.now += 100
        #expect(try keys(endpoint) == [])
    }

    @Test("The index shows the changes of one item in their order")
    func lagInOrder() throws {
        let endpoint = TableEndpoint()
        try set("a", dueAt: 5, lag: 100, endpoint)
        // Quicker than the change before, which it waits for.
        try set("a", dueAt: 6, lag: 10, endpoint)
        try set("b", dueAt: 7, lag: 10, endpoint)
        endpoint.now += 10
        #expect(try keys(endpoint) == ["b"])
        endpoint.now += 90
        #expect(try keys(endpoint) == ["a", "b"])
        #expect(try endpoint.table().query(index: "due", Self.open, limit: 1).items[0]["dueAt"] == 6)
    }

    @Test("Many pending changes show in time, with no query between")
    func manyPending() throws {
        let endpoint = TableEndpoint()
        for number in 0..<3_000 {
            endpoint.now += 1
            try set("k\(number % 7)", dueAt: number, lag: number % 50, endpoint)
        }
        endpoint.now += 50
        #expect(try keys(endpoint) == (2_993..<3_000).map { .string("k\($0 % 7)") })
    }

    @Test("Pages follow one another")
    func pages() throws {
        let endpoint = TableEndpoint()
        for number in 0..<5 { try set("k\(number)", dueAt: number / 2, endpoint) }
        let first = try endpoint.table().query(index: "due", Self.open, limit: 3)
        #expect(first.items.map { $0["pk"] } == ["k0", "k1", "k2"])
        #expect(first.next == ["pk": ["S": "k2"], "open": ["S": "1"], "dueAt": ["N": "1"]])
        // The next page begins behind a place, whether or not something is still there.
        try set("k2", dueAt: 9, endpoint)
        let second = try endpoint.table().query(index: "due", Self.open, limit: 3, after: first.next)
        #expect(second.items.map { $0["pk"] } == ["k3", "k4", "k2"])
        // A page that ends at its limit does not say whether more follows.
        let third = try endpoint.table().query(index: "due", Self.open, limit: 3, after: second.next)
        #expect(third.items == [] && third.next == nil)
    }

    @Test("A count covers all pages")
    func counts() throws {
        let endpoint = TableEndpoint(pageItems: 2)
        for number in 0..<5 { try set("k\(number)", dueAt: number, endpoint) }
        var requests = 0
        endpoint.check = { _, _, _ in requests += 1 }
        #expect(try endpoint.table().count(index: "due", Self.open) == 5)
        #expect(requests == 3)
    }

    @Test("Many items keep their order")
    func many() throws {
        let endpoint = TableEndpoint()
        var generator = SeededGenerator(seed: 3)
        var expected: [String: Int] = [:]
        for _ in 0..<4_000 {
            let key = "k\(Int.random(in: 0..<1_500, using: &generator))"
            expected[key] = generator.chance(0.2) ? nil : Int.random(in: 0..<500, using: &generator)
            try set(key, dueAt: expected[key], endpoint)
        }
        let sorted = expected.sorted { ($0.value, $0.key) < ($1.value, $1.key) }
        var found: [JSON?] = []
        var next: JSON?
        repeat {
            let page = try endpoint.table().query(index: "due", Self.open, limit: 97, after: next)
            found += page.items.map { $0["pk"] }
            next = page.next
        } while next != nil
        #expect(found == sorted.map { .string($0.key) })
    }

    @Test("Expired items are deleted when the simulation wants it")
    func expiry() throws {
        let endpoint = TableEndpoint()
        let table = endpoint.table()
        let now = endpoint.now
        for (key, time) in [("c", 2), ("a", 1), ("b", 1), ("d", 3)] {
            _ = try table.write(
                .put(["pk": .string(key), "expiresAt": .number(now.seconds + time)], if: Self.always))
        }
        try set("order", dueAt: 5, endpoint)
        #expect(endpoint.model.expiredKeys(now: now + 1_000) == [])
        #expect(endpoint.model.expiredKeys(now: now + 3_000) == ["a", "b", "c"])
        #expect(endpoint.model.expiredKeys(now: now + 3_000, limit: 1) == ["a"])
        // Written anew: it lives longer.
        _ = try table.write(
            .update("a", .init("SET #expiresAt = :t", ["t": .number(now.seconds + 9)]), if: Self.always))
        let deleted = ["a", "b", "b"].map { endpoint.model.expire($0, now: now + 3_000) }
        #expect(deleted == [false, true, false])
        let others = endpoint.model.expire(now: now + 4_000)
        #expect(others == 2)
        #expect(endpoint.model.keys == ["a", "order"])
    }
}
