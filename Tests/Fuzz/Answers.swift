import Basics
import HTTP

extension HTTPClient {
    static let start = Timestamp(milliseconds: 1_795_169_730_000)

    /// A client that answers with the parts of the input, one after the other, and with the last one from then on. A part
    /// that begins with a byte from 0x80 has another status than 200; an empty one is a connection that broke.
    static func answering(_ input: [UInt8]) -> HTTPClient {
        let parts = parts(input)
        var next = 0
        var now = start
        return HTTPClient(
            transport: { requests in
                requests.map { _ in
                    defer { next = min(next + 1, parts.count - 1) }
                    now += 1
                    return answer(parts[next])
                }
            },
            now: { now }, sleep: { now += $0 }, random: { $0 / 2 }, deadline: start + 600_000)
    }

    private static let statuses = [201, 204, 301, 400, 401, 403, 404, 413, 429, 500, 502, 503]

    private static func answer(_ part: [UInt8]) -> Result<Response, HTTPFailure> {
        guard let first = part.first else {
            return .failure(HTTPFailure(.broken, mayHaveBeenReceived: true, "broken"))
        }
        guard first >= 0x80 else { return .success(Response(status: 200, body: part)) }
        return .success(Response(status: statuses[Int(first & 0x7f) % statuses.count], body: Array(part.dropFirst())))
    }
}
