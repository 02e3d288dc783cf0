import Foundation

/// The routes of an HTTP API. Chooses the route of a request.
struct Router: Sendable {
    struct Route: Sendable {
        var method: String
        /// As in the template: `/orders/{sfOrderId}/fulfill`.
        var path: String
        var payloadFormatVersion: String
        var function: LambdaFunction?

        /// The route key in the event.
        var key: String { path == "$default" ? path : "\(method) \(path)" }
    }

    struct Match: Sendable {
        var route: Route
        var parameters: [String: String]
    }

    var routes: [Route]

    /// The most specific route, as API Gateway chooses it: fixed segments before parameters before `{name+}` before
    /// `$default`, then the method before ANY.
    func match(_ method: String, _ path: String) -> Match? {
        let segments = Self.segments(path)
        var best: (match: Match, rank: [Int])?
        for route in routes where [method, "ANY", "$default"].contains(route.method) {
            guard let (parameters, rank) = Self.fit(segments, to: route) else { continue }
            let complete = rank + [route.method == method ? 0 : 1]
            if let best, !complete.lexicographicallyPrecedes(best.rank) { continue }
            best = (Match(route: route, parameters: parameters), complete)
        }
        return best?.match
    }

    /// The rank has one number for each segment: 0 for a fixed one, 1 for a parameter, 2 for the rest of the path, 3 for
    /// `$default`.
    private static func fit(_ segments: [String], to route: Route) -> (parameters: [String: String], rank: [Int])? {
        if route.path == "$default" { return ([:], [3]) }
        var parameters: [String: String] = [:]
        var rank: [Int] = []
        let pattern = Self.segments(route.path)
        for (index, part) in pattern.enumerated() {
            if part.hasPrefix("{"), part.hasSuffix("+}") {
                guard index < segments.count else { return nil }
                parameters[String(part.dropFirst().dropLast(2))] = segments[index...].joined(separator: "/")
                return (parameters, rank + [2])
            }
            guard index < segments.count else { return nil }
            if part.hasPrefix("{"), part.hasSuffix("}") {
                guard !segments[index].isEmpty else { return nil }
                parameters[String(part.dropFirst().dropLast())] = segments[index]
                rank.append(1)
            } else {
                guard part == segments[index] else { return nil }
                rank.append(0)
            }
        }
        return pattern.count == segments.count ? (parameters, rank) : nil
    }

    /// Splits before it decodes, so that `%2F` does not separate segments.
    private static func segments(_ path: String) -> [String] {
        path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
            .map { String($0).removingPercentEncoding ?? String($0) }
    }
}
