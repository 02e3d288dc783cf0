import Testbed

/// Every outside call that the programs make on an order's road, times every fault.
struct Matrix {
    struct Case: Sendable {
        var scenario: Lane.Scenario
        var call: OutsideCall
        var kind: FaultKind
        var plan: Lane.Plan

        var name: String { "\(scenario): \(call.name): \(kind)\(plan.lasts ? ", lasting" : "")" }
    }

    private(set) var calls: [OutsideCall] = []
    private(set) var cases: [Case] = []

    /// From what the programs did when nothing went wrong. Of each program the first run of a scenario counts, from where
    /// it is another than in the scenarios before.
    init(_ recorded: [(scenario: Lane.Scenario, calls: [OutsideCall])]) {
        var known: [String: [[String]]] = [:]
        for (scenario, calls) in recorded {
            for (program, itsCalls) in Dictionary(grouping: calls, by: \.program).sorted(by: { $0.key < $1.key }) {
                let run = itsCalls.filter { $0.run == itsCalls[0].run }
                let names = run.map(\.name)
                let common = known[program, default: []].map { Self.beginning($0, names) }.max() ?? 0
                known[program, default: []].append(names)
                add(run.dropFirst(common).filter { $0.action != Interposer.start }, of: run, scenario)
            }
        }
    }

    /// How many of the first calls of two runs are the same. Those that go out at once arrive in any order.
    private static func beginning(_ one: [String], _ other: [String]) -> Int {
        (0...min(one.count, other.count)).last { one.prefix($0).sorted() == other.prefix($0).sorted() } ?? 0
    }

    private mutating func add(_ some: [OutsideCall], of run: [OutsideCall], _ scenario: Lane.Scenario) {
        var experiments: Set<String> = []
        calls += some
        for call in some {
            for kind in FaultKind.allCases {
                guard let (place, trouble) = kind.placed(at: call, in: run) else { continue }
                // Being killed before a checkpoint is the same experiment for all calls that lead up to it.
                guard experiments.insert("\(place.name) \(trouble)").inserted else { continue }
                for lasts in kind.canLast && !call.isSentOnce ? [false, true] : [false] {
                    let plan = Lane.Plan(call: place, trouble: trouble, lasts: lasts)
                    cases.append(Case(scenario: scenario, call: call, kind: kind, plan: plan))
                }
            }
        }
    }

    /// A part that is quick: whatever may make or accept an order, of the rest every n-th, and the first of each kind of
    /// fault that is not among those.
    var quick: [Case] {
        let vital = cases.filter(\.call.isSentOnce)
        let rest = cases.filter { !$0.call.isSentOnce }
        let some = vital + stride(from: 0, to: rest.count, by: 31).map { rest[$0] }
        let missing = Set(FaultKind.allCases).subtracting(some.map(\.kind))
        return some + FaultKind.allCases.filter(missing.contains).compactMap { kind in rest.first { $0.kind == kind } }
    }
}

extension OutsideCall {
    /// Makes or accepts an order in WHMCS; no program repeats it by itself.
    fileprivate var isSentOnce: Bool { ["AddOrder", "AcceptOrder"].contains(action) }
}
