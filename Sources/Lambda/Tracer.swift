import Basics
import Glibc
import HTTP

/// Sends a subsegment of each outside call to X-Ray, while the invocation's trace is sampled. Otherwise it does nothing:
/// it opens no socket and builds no document.
final class Tracer {
    /// X-Ray keeps 500 kB of a trace ("AWS X-Ray endpoints and quotas"): a round of recovery makes thousands of calls.
    private static let mostSubsegments = 500

    private let daemon: XRayDaemon
    /// Of the current invocation; nil while it is not traced.
    private var trace: TraceHeader?
    private var count = 0

    /// - Parameter address: `AWS_XRAY_DAEMON_ADDRESS`; nil when it is not set.
    init?(address: String?) {
        guard let daemon = address.flatMap(XRayDaemon.init) else { return nil }
        self.daemon = daemon
    }

    var hasSocket: Bool { daemon.isOpen }

    /// Begins an invocation. Calls outside of one, as in the init phase, belong to no trace that is known.
    func begin(_ invocation: Invocation) {
        // Most headers say no, and a search is cheaper than a reading.
        let mayBeSampled = invocation.traceID.map { strstr($0, "Sampled=1") != nil } == true
        trace = mayBeSampled ? invocation.trace.flatMap { $0.isSampled ? $0 : nil } : nil
        count = 0
    }

    /// The same client, with its calls traced.
    func traced(_ http: HTTPClient) -> HTTPClient {
        var client = http
        client.transport = { [self] requests in
            guard let trace else { return http.transport(requests) }
            let start = http.now()
            let results = http.transport(requests)
            for (request, result) in zip(requests, results) {
                send(request, result, trace, from: start, to: http.now())
            }
            return results
        }
        return client
    }

    private func send(
        _ request: Request, _ result: Result<Response, HTTPFailure>, _ trace: TraceHeader, from start: Timestamp,
        to end: Timestamp
    ) {
        guard count < Self.mostSubsegments, let call = TracedCall(request) else { return }
        count += 1
        let subsegment = Subsegment(
            trace: trace, call: call, method: request.method, start: start, end: end, result: result)
        daemon.send(subsegment.document.bytes)
    }
}
