import Testbed

/// Every outbound call of the programs on an order's way, times every fault.
struct FaultMatrix {
    struct Case: Sendable {
        var scenario: MatrixRunner.Scenario
        var call: OutboundCall
        var fault: MatrixFault
        var plan: PlannedFault

        var name: String { "\(scenario): \(call.name): \(fault)\(plan.lasts ? ", lasting" : "")" }
    }

    private(set) var calls: [OutboundCall] = []
    private(set) var cases: [Case] = []

    /// From recordings without faults. Of each program in a scenario the first run counts, from the call on that differs
    /// from the earlier scenarios.
    init(_ recordings: [(scenario: MatrixRunner.Scenario, calls: [OutboundCall])]) {
        var known: [String: [[String]]] = [:]
        for (scenario, recorded) in recordings {
            // Only on a slow machine the driver recovers an order that is announced, and not each time.
            let calls = recorded.filter { scenario != .click || $0.program != "recover-orders" }
            for (program, itsCalls) in Dictionary(grouping: calls, by: \.program).sorted(by: { $0.key < $1.key }) {
                let run = itsCalls.filter { $0.run == itsCalls[0].run }
                let names = run.map(\.name)
                let common = known[program, default: []].map { Self.commonPrefix($0, names) }.max() ?? 0
                known[program, default: []].append(names)
                add(run.dropFirst(common).filter { !$0.isProcessStart }, of: run, scenario)
            }
        }
    }

    /// How many of the first calls two runs have in common. Calls that go out together arrive in any order.
    private static func commonPrefix(_ one: [String], _ other: [String]) -> Int {
        (0...min(one.count, other.count)).last { one.prefix($0).sorted() == other.prefix($0).sorted() } ?? 0
    }

    private mutating func add(_ some: [OutboundCall], of run: [OutboundCall], _ scenario: MatrixRunner.Scenario) {
        var plans: Set<PlannedFault> = []
        calls += some
        for call in some {
            for fault in MatrixFault.allCases {
                guard let plan = fault.placed(at: call, in: run) else { continue }
                // A kill before a checkpoint is the same experiment for all calls that lead up to it.
                guard plans.insert(plan).inserted else { continue }
                for lasts in fault.canLast && !call.isSentOnce ? [false, true] : [false] {
                    let plan = PlannedFault(plan.call, plan.fault, lasts: lasts)
                    cases.append(Case(scenario: scenario, call: call, fault: fault, plan: plan))
                }
            }
        }
    }

    /// A quick part: all calls that create or accept an order, every 31st of the other cases, and the first case of each
    /// fault that is not among those.
    var quickPart: [Case] {
        let vital = cases.filter(\.call.isSentOnce)
        let rest = cases.filter { !$0.call.isSentOnce }
        let some = vital + stride(from: 0, to: rest.count, by: 31).map { rest[$0] }
        let missing = Set(MatrixFault.allCases).subtracting(some.map(\.fault))
        return some
            + MatrixFault.allCases.filter(missing.contains).compactMap { fault in rest.first { $0.fault == fault } }
    }
}

extension OutboundCall {
    /// Creates or accepts an order in WHMCS. No program retries it within a run.
    fileprivate var isSentOnce: Bool { ["AddOrder", "AcceptOrder"].contains(action) }
}
