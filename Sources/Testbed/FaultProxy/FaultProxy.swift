import Foundation

/// Forwards every call of the programs, and injects faults.
///
/// A test sets a rule, and reads afterwards which calls the programs made and which faults were injected.
public final class FaultProxy: Sendable {
    /// Chooses the fault of a call before it is forwarded; nil forwards it unharmed. Many threads call it at once.
    public typealias Rule = @Sendable (OutboundCall) -> InjectedFault?

    /// A call, and the fault that was injected into it.
    public struct Injection: Sendable {
        public var call: OutboundCall
        public var fault: InjectedFault
    }

    /// A call that was forwarded and answered, with the path of the request and the bodies of the request and of the response.
    public struct Exchange: Sendable {
        public var call: OutboundCall
        public var path: String
        public var sent: [UInt8]
        public var received: [UInt8]
    }

    /// One event in a program, from its arrival until the program's answer or end.
    public struct Run: Sendable {
        public var program: String
        public var number: Int
        public var order: String?
        public var start: Date
        public var end: Date
    }

    private struct State {
        var rule: Rule = { _ in nil }
        var calls: [OutboundCall] = []
        var exchanges: [Exchange] = []
        var injections: [Injection] = []
        var finishedRuns: [Run] = []
        var delayed = 0
        var runs: [String: Int] = [:]
        var upstreams: [OutboundCall.Service: String] = [:]
    }

    private let state = Monitor(State())

    public init() {}

    /// Replaces the rule, and forgets the calls, exchanges, injections and runs so far.
    public func reset(rule: @escaping Rule = { _ in nil }) {
        state.with {
            $0.rule = rule
            $0.calls = []
            $0.exchanges = []
            $0.injections = []
            $0.finishedRuns = []
        }
    }

    /// All calls since the last reset in the order of arrival, with the starts of processes.
    public var calls: [OutboundCall] { state.with { $0.calls } }
    /// All exchanges since the last reset in the order of the responses.
    public var exchanges: [Exchange] { state.with { $0.exchanges } }
    /// All faults that were injected since the last reset.
    public var injections: [Injection] { state.with { $0.injections } }

    /// All runs that have ended since the last reset in the order of their ends.
    public var runs: [Run] { state.with { $0.finishedRuns } }

    /// Whether calls of killed programs are still to be forwarded.
    public var hasDelayedCalls: Bool { state.with { $0.delayed > 0 } }

    /// Forwards a call so many seconds later. Nobody waits for its response.
    func delay(_ seconds: TimeInterval, _ forward: @escaping @Sendable () -> Void) {
        state.with { $0.delayed += 1 }
        onThread("delayed call") { [self] in
            Thread.sleep(forTimeInterval: seconds)
            forward()
            state.with { $0.delayed -= 1 }
        }
    }

    /// Sets the URLs of the real services.
    func forward(to upstreams: [OutboundCall.Service: String]) {
        state.with { $0.upstreams = upstreams }
    }

    func nextRun(of program: String) -> Int {
        state.with {
            $0.runs[program, default: 0] += 1
            return $0.runs[program, default: 0]
        }
    }

    func fault(for call: OutboundCall) -> InjectedFault? {
        let rule = state.with {
            $0.calls.append(call)
            return $0.rule
        }
        guard let fault = rule(call) else { return nil }
        state.with { $0.injections.append(Injection(call: call, fault: fault)) }
        return fault
    }

    func record(_ run: Run) {
        state.with { $0.finishedRuns.append(run) }
    }

    func record(_ exchange: Exchange) {
        state.with { $0.exchanges.append(exchange) }
    }

    /// The URL of the real service. A service of AWS without one of its own has moto's.
    func upstream(_ service: OutboundCall.Service) -> String {
        state.with { $0.upstreams[service] ?? $0.upstreams[.aws] ?? "" }
    }
}
