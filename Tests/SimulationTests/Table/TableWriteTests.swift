import AWS
import JSON
import Simulation
import Testing

/// What the simulated table writes, and when it does not.
@Suite struct TableWriteTests {
    private static let always = Write.Expression("attribute_exists(#pk) OR attribute_not_exists(#pk)")
    private static let new = Write.Expression("attribute_not_exists(#pk)")

    private func put(_ item: Table.Item, _ endpoint: TableEndpoint) throws {
        _ = try endpoint.table().write(.put(item.merging(["pk": "a"]) { $1 }, if: Self.always))
    }

    @Test("An item comes back as it was put")
    func putAndGet() throws {
        let endpoint = TableEndpoint()
        let item: Table.Item = [
            "pk": "order#1", "text": "é", "empty": "", "number": -1_800_000_000_000, "yes": true,
            "list": [1, ["m": []]], "map": ["m": "n"],
        ]
        #expect(try endpoint.table().get("order#1") == nil)
        #expect(try endpoint.table().write(.put(item, if: Self.new)) == .written([:]))
        #expect(try endpoint.table().get("order#1") == item)
        #expect(endpoint.model.item("order#1") == item)
        #expect(endpoint.model.lastWrites == [])
        #expect(try endpoint.table().write(.put(["pk": "order#1"], if: Self.new)) == .conditionFailed(item))
        #expect(try endpoint.table().write(.put(["pk": "order#1"], if: Self.always)) == .written([:]))
        #expect(endpoint.model.lastWrites == ["order#1"])
        // A put leaves nothing of the item before.
        #expect(endpoint.model.item("order#1") == ["pk": "order#1"])
    }

    @Test(
        "A condition holds for the item as it stands",
        arguments: [
            ("attribute_exists(#n)", [:], true), ("attribute_exists(#x)", [:], false),
            ("attribute_not_exists(#x)", [:], true), ("attribute_not_exists(#n)", [:], false),
            ("#n = :v", ["v": 5], true), ("#n = :v", ["v": 6], false), ("#n = :v", ["v": "5"], false),
            ("#s = :v", ["v": "A"], true), ("#s = :v", ["v": "a"], false), ("#yes = :v", ["v": true], true),
            // One character for Swift, other bytes for DynamoDB.
            ("#accent = :v", ["v": "\u{e9}"], true), ("#accent = :v", ["v": "e\u{301}"], false),
            ("#n < :v", ["v": 6], true), ("#n < :v", ["v": 5], false), ("#n <= :v", ["v": 5], true),
            ("#n > :v", ["v": 4], true), ("#n > :v", ["v": 5], false), ("#n >= :v", ["v": 5], true),
            // Numbers by their value, not as texts.
            ("#n < :v", ["v": 10], true), ("#n > :v", ["v": -6], true),
            // An absent attribute, and one of another type.
            ("#x = :v", ["v": 5], false), ("#x < :v", ["v": 5], false), ("#s < :v", ["v": 5], false),
            ("#x <> :v", ["v": 5], true), ("#n <> :v", ["v": 5], false), ("#n <> :v", ["v": "5"], true),
            // AND goes before OR.
            ("#n = :v OR #n = :v AND #x = :v", ["v": 5], true), ("(#n = :v OR #n = :v) AND #x = :v", ["v": 5], false),
            ("((#x = :v OR #n = :v) AND (attribute_exists(#s) AND #n=:v))", ["v": 5], true),
        ] as [(String, [String: JSON], Bool)])
    func conditions(_ text: String, _ values: [String: JSON], _ holds: Bool) throws {
        let endpoint = TableEndpoint()
        let item: Table.Item = ["pk": "a", "n": 5, "s": "A", "yes": true, "accent": "\u{e9}"]
        try put(item, endpoint)
        let result = try endpoint.table().write(
            .update("a", .init("SET #done = :done", ["done": true]), if: .init(text, values)))
        #expect(result == (holds ? .written(item.merging(["done": true]) { $1 }) : .conditionFailed(item)))
    }

    @Test("A condition that fails without an item answers without one")
    func conditionWithoutItem() throws {
        let endpoint = TableEndpoint()
        let result = try endpoint.table().write(
            .update("a", .init("REMOVE #n"), if: .init("attribute_exists(#pk)")))
        #expect(result == .conditionFailed(nil))
        #expect(endpoint.model.count == 0)
    }

    @Test(
        "An update changes the attributes that it names",
        arguments: [
            ("SET #n = :v", ["v": "new"], ["n": "new", "list": [1]]),
            ("SET #m = :v", ["v": ["k": 1]], ["n": 5, "list": [1], "m": ["k": 1]]),
            ("SET #n = :v, #m = :v REMOVE #list", ["v": 1], ["n": 1, "m": 1]),
            ("REMOVE #n, #absent", [:], ["list": [1]]),
            ("SET #n = if_not_exists(#n, :v)", ["v": 1], ["n": 5, "list": [1]]),
            ("SET #m = if_not_exists(#m, :v)", ["v": 1], ["n": 5, "list": [1], "m": 1]),
            ("SET #n = if_not_exists(#n, :zero) + :one", ["zero": 0, "one": 1], ["n": 6, "list": [1]]),
            ("SET #m = if_not_exists(#m, :zero) + :one", ["zero": 0, "one": 1], ["n": 5, "list": [1], "m": 1]),
            // The operand is the item as it was.
            ("SET #n = :one, #m = if_not_exists(#n, :one) + :one", ["one": 1], ["n": 1, "list": [1], "m": 6]),
            (
                "SET #list = list_append(if_not_exists(#list, :empty), :added)", ["empty": [], "added": ["b"]],
                ["n": 5, "list": [1, "b"]]
            ),
            (
                "SET #m = list_append(if_not_exists(#m, :empty), :added)", ["empty": [], "added": ["b"]],
                ["n": 5, "list": [1], "m": ["b"]]
            ),
        ] as [(String, [String: JSON], Table.Item)])
    func updates(_ text: String, _ values: [String: JSON], _ item: Table.Item) throws {
        let endpoint = TableEndpoint()
        try put(["n": 5, "list": [1]], endpoint)
        let after = item.merging(["pk": "a"]) { $1 }
        #expect(try endpoint.table().write(.update("a", .init(text, values), if: Self.always)) == .written(after))
        #expect(endpoint.model.item("a") == after)
    }

    @Test("An update of no item makes one")
    func updateMakes() throws {
        let endpoint = TableEndpoint()
        let update = Write.update("a", .init("SET #n = :n REMOVE #m", ["n": 1]), if: Self.new)
        #expect(try endpoint.table().write(update) == .written(["pk": "a", "n": 1]))
        #expect(try endpoint.table().write(update) == .conditionFailed(["pk": "a", "n": 1]))
    }

    @Test("A list ends where DynamoDB's item does")
    func longList() throws {
        let endpoint = TableEndpoint()
        try put(["list": .array(Array(repeating: 1, count: 4_999))], endpoint)
        let append = Write.update(
            "a",
            .init("SET #list = list_append(if_not_exists(#list, :empty), :added)", ["empty": [], "added": [1]]),
            if: Self.always)
        _ = try endpoint.table().write(append)
        #expect {
            try endpoint.table().write(append)
        } throws: {
            ($0 as? AWSFailure)?.code == "ValidationException"
        }
    }

    @Test("Items come in the order of their keys")
    func items() throws {
        let endpoint = TableEndpoint()
        for key in ["b", "c", "a"] { _ = try endpoint.table().write(.put(["pk": .string(key)], if: Self.new)) }
        #expect(endpoint.model.keys == ["a", "b", "c"])
        #expect(endpoint.model.items.map(\.item) == [["pk": "a"], ["pk": "b"], ["pk": "c"]])
        #expect(endpoint.model.count == 3)
    }
}
