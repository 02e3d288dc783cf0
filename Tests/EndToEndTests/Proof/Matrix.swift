import LocalStack

/// Every outside call that the programs make on an order's road, times every fault.
struct Matrix {
    struct Case: Sendable {
        var scenario: Lane.Scenario
        var call: OutsideCall
        var kind: FaultKind
        var place: String
        var trouble: Trouble

        var name: String { "\(call.name): \(kind)" }
    }

    private(set) var calls: [OutsideCall] = []
    private(set) var cases: [Case] = []

    /// From what the programs did when nothing went wrong. Each program's first run counts, in the first scenario in
    /// which it runs.
    init(_ recorded: [(scenario: Lane.Scenario, calls: [OutsideCall])]) {
        var known: Set<String> = []
        var experiments: Set<String> = []
        for (scenario, calls) in recorded {
            for (_, run) in Dictionary(grouping: calls, by: \.program).sorted(by: { $0.key < $1.key }) {
                guard let first = run.first, known.insert(first.program).inserted else { continue }
                let run = run.filter { $0.run == first.run }
                for call in run where call.action != Interposer.start {
                    self.calls.append(call)
                    for kind in FaultKind.allCases {
                        guard let (place, trouble) = kind.placed(at: call, in: run) else { continue }
                        // Being killed before a checkpoint is the same experiment for all calls that lead up to it.
                        guard experiments.insert("\(place.name) \(trouble)").inserted else { continue }
                        cases.append(
                            Case(scenario: scenario, call: call, kind: kind, place: place.name, trouble: trouble))
                    }
                }
            }
        }
    }

    /// A part that is quick: whatever may make or accept an order, and of the rest every n-th, so that each kind of
    /// fault is among them.
    var quick: [Case] {
        let (vital, rest) = cases.reduce(into: ([Case](), [Case]())) { parts, one in
            if ["AddOrder", "AcceptOrder"].contains(one.call.action) { parts.0.append(one) } else { parts.1.append(one) }
        }
        // Coprime to the number of faults, or it would be the same fault each time.
        return vital + stride(from: 0, to: rest.count, by: FaultKind.allCases.count + 3).map { rest[$0] }
    }
}
