import TestSupport
import Testing
import WHMCS

/// Lists of many pages, which change while they are read.
@Suite struct PagedListTests {
    typealias Change = @Sendable (PagedWHMCS) -> Void

    private static let incomplete = WHMCSFailure.incompleteList(action: "GetOrders")

    @Test(
        "Every row is read, four pages at a time after the first",
        arguments: [
            (0, [1]), (1, [1]), (249, [1]), (250, [1, 1]), (251, [1, 1]), (490, [1, 1, 1]), (491, [1, 2]),
            (1_210, [1, 4, 1]),
            (1_211, [1, 4, 1]), (10_000, [1] + Array(repeating: 4, count: 10) + [1]),
        ])
    func wholeList(_ count: Int, _ batches: [Int]) throws {
        let paged = PagedWHMCS((0..<count).map { count - $0 })
        #expect(try paged.whmcs.orders(clientId: 7).map(\.id) == Array(0..<count).map { $0 + 1 })
        #expect(paged.http.batches == batches)
        #expect(paged.starts == (0..<batches.reduce(0, +)).map { $0 * 240 })
    }

    @Test("A row that appears between the count and the list pushes none out", arguments: [250, 490, 730])
    func newRowAfterCount(_ count: Int) throws {
        for call in 0..<(count / 240) {
            let paged = PagedWHMCS((1...count).reversed())
            paged.newestFirst = true
            paged.changesAfterCount = [call: { $0.insert(1) }]
            #expect(Set(try paged.whmcs.orders(clientId: 7).map(\.id)).isSuperset(of: 1...count), "at call \(call)")
        }
    }

    /// The install's own limit is lower than what is asked for.
    @Test(
        "Pages may be shorter than asked for",
        arguments: [(100, [0, 90, 180, 270]), (25, [0, 15, 30, 45]), (3, [0, 2, 4, 6]), (2, [0, 1, 2, 3])])
    func shortPages(_ cap: Int, _ starts: [Int]) throws {
        let paged = PagedWHMCS(1...300)
        paged.cap = cap
        #expect(try paged.whmcs.orders(clientId: 7).map(\.id) == Array(1...300))
        #expect(Array(paged.starts.prefix(4)) == starts)
    }

    /// Each row: what changes before the answer to a call, and how many of the 1 000 orders that were there are missing
    /// afterwards because they were deleted.
    @Test(
        "A list that changes while it is read is whole, whatever the order of its rows",
        arguments: [true, false],
        [
            ("a new order", [2: { $0.insert(1) }]),
            ("new orders in every page", [1: { $0.insert(2) }, 2: { $0.insert(2) }, 3: { $0.insert(2) }]),
            ("as many new orders as the overlap", [3: { $0.insert(9) }]),
            ("more new orders than the overlap", [3: { $0.insert(30) }]),
            ("a new page of orders", [4: { $0.insert(300) }]),
            ("a deleted order", [2: { $0.delete(1) }]),
            ("more deleted orders than the overlap", [2: { $0.delete(40) }]),
            ("deleted orders, several times", [2: { $0.delete(40) }, 4: { $0.delete(40) }]),
            (
                "one deleted and one new",
                [
                    1: {
                        $0.delete(1); $0.insert(1)
                    },
                    2: {
                        $0.delete(1); $0.insert(1)
                    },
                ]
            ),
            ("the last pages deleted", [2: { $0.ids.removeLast(400) }]),
        ] as [(String, [Int: Change])])
    func changes(_ newestFirst: Bool, _ change: (String, [Int: Change])) throws {
        let paged = PagedWHMCS(newestFirst ? Array((1...1_000).reversed()) : Array(1...1_000))
        paged.newestFirst = newestFirst
        paged.changes = change.1.mapValues { $0 }
        let found = Set(try paged.whmcs.orders(clientId: 7).map(\.id))
        let stayed = Set(1...1_000).intersection(paged.ids)
        #expect(stayed.subtracting(found) == [], "\(change.0)")
    }

    /// Any number of rows comes and goes before any call, anywhere in the list.
    @Test("A row that was there all the time is read, or the list is a failure", arguments: 1...200)
    func randomChanges(_ seed: Int) throws {
        var random = SplitMix(state: UInt64(seed))
        let paged = PagedWHMCS((1...Int.random(in: 1...600, using: &random)).map { 10 * $0 })
        paged.cap = Int.random(in: 2...60, using: &random)
        let most = Int.random(in: 1...25, using: &random)
        var stayed = Set(paged.ids)
        for call in 1..<400 where Int.random(in: 0..<4, using: &random) == 0 {
            let (goes, comes) = (Int.random(in: 0...most, using: &random), Int.random(in: 0...most, using: &random))
            let places = (0..<(goes + comes)).map { _ in Int.random(in: 0..<1_000_000, using: &random) }
            paged.changes[call] = { paged in
                for place in places.prefix(goes) where !paged.ids.isEmpty {
                    stayed.remove(paged.ids.remove(at: place % paged.ids.count))
                }
                for place in places.dropFirst(goes) {
                    paged.ids.insert(
                        10 * paged.http.requests.count + place * 10_000 + 1, at: place % (paged.ids.count + 1))
                }
            }
        }
        do {
            let found = Set(try paged.whmcs.orders(clientId: 7).map(\.id))
            #expect(stayed.subtracting(found) == [])
        } catch {
            #expect(error as? WHMCSFailure == Self.incomplete)
        }
        #expect(paged.http.requests.count < 400)
    }

    @Test("A list whose pages do not fit together is a failure after a few calls")
    func unreadableLists() throws {
        let ignoring = PagedWHMCS(1...5_000)
        ignoring.ignoresStart = true
        #expect(failure { _ = try ignoring.whmcs.orders(clientId: 7) } == Self.incomplete)
        #expect(ignoring.http.requests.count < 20)

        let shuffled = PagedWHMCS(1...5_000)
        for call in 1..<100 {
            shuffled.changes[call] = {
                $0.ids.append(contentsOf: $0.ids.prefix(700)); $0.ids.removeFirst(700)
            }
        }
        #expect(failure { _ = try shuffled.whmcs.orders(clientId: 7) } == Self.incomplete)
        #expect(shuffled.http.requests.count < 40)
    }

    @Test("A page that fails is the list's failure") func failingPage() throws {
        let paged = PagedWHMCS(1...1_000)
        let answer = paged.http.before
        paged.http.before = { request in
            request.text.contains("limitstart=480&") ? .answer(200, "<html>") : answer(request)
        }
        #expect(
            failure { _ = try paged.whmcs.orders(clientId: 7) }
                == .notJSON(action: "GetOrders", status: 200, mayHaveHappened: false))
    }

    @Test("A row that cannot be read is the list's failure, and is named") func unreadableRow() throws {
        let orders = FakeHTTPClient(#"{"result":"success","totalresults":1,"orders":{"order":[{"id":1}]}}"#)
        #expect(
            failure { _ = try orders.whmcs.orders(clientId: 7) }
                == .unreadable(
                    action: "GetOrders", "an order without id, client or status", mayHaveHappened: false))
        let services = FakeHTTPClient(#"{"result":"success","totalresults":1,"products":{"product":[{"id":1}]}}"#)
        #expect(
            failure { _ = try services.whmcs.services(clientId: 7) }
                == .unreadable(
                    action: "GetClientsProducts", "a service without id, product or custom fields",
                    mayHaveHappened: false))
    }

    // MARK: The services of one order

    /// Each row: how many services the client has, the ids asked for, and the calls: pages, then single services.
    @Test(
        "The services of one order are read with as few calls as possible",
        arguments: [
            (3, [2, 3], 1, []), (249, [2], 0, [2]), (250, [2, 3], 2, []), (251, [2, 3], 2, []),
            (3, [2, 2], 0, [2]), (1_000, [1, 500, 1_000], 1, [1, 500, 1_000]),
            (1_000, [1, 2, 3, 4], 5, []), (5_000, Array(11...16), 1, Array(11...16)), (1_000, [], 0, []),
        ] as [(Int, [Int], Int, [Int])])
    func servicesOfAnOrder(_ count: Int, _ ids: [Int], _ pages: Int, _ single: [Int]) throws {
        let paged = PagedWHMCS(1...count)
        #expect(try paged.whmcs.services(clientId: 7, ids: ids).map(\.id) == Set(ids).sorted())
        #expect(paged.starts.count == pages)
        #expect(paged.servicesAskedFor == single)
        #expect(paged.http.batches.allSatisfy { $0 <= 4 })
    }

    @Test("A service that the client does not have is left out") func missingService() throws {
        #expect(try PagedWHMCS(1...10).whmcs.services(clientId: 7, ids: [3, 11]).map(\.id) == [3])
        #expect(try PagedWHMCS(1...1_000).whmcs.services(clientId: 7, ids: [3, 1_001]).map(\.id) == [3])
    }

    @Test("A filter that WHMCS ignores is a failure") func ignoredFilter() throws {
        let paged = PagedWHMCS(1...1_000)
        paged.ignoredFilters = ["serviceid"]
        #expect(
            failure { _ = try paged.whmcs.services(clientId: 7, ids: [3]) }
                == .foreignRows(action: "GetClientsProducts"))
    }
}

/// A generator with a seed (SplitMix64).
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
