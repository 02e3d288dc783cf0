import Basics
import Glibc

extension HTTPClient {
    /// The client that really sends, on libcurl. Not for use by two threads at once.
    ///
    /// - Parameter largestAnswer: bytes of body it takes before it gives up an answer as `tooLarge`.
    public static func live(largestAnswer: Int = 8 << 20) -> HTTPClient {
        let curl = Curl(largestAnswer: largestAnswer)
        return HTTPClient(
            transport: { curl.send($0) }, now: Timestamp.now,
            sleep: { usleep(UInt32($0) * 1000) }, jitter: { Int.random(in: 0...$0) })
    }
}

extension HTTPClient {
    /// Whether requests may go there: `https`, or `http` to loopback.
    public static func isAllowed(url: String) -> Bool {
        (try? Origin(Request("GET", url, isIdempotent: true))) != nil
    }
}
