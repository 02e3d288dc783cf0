import Basics
import Glibc

extension HTTPClient {
    /// A client that sends with libcurl. Not for concurrent use by several threads.
    ///
    /// - Parameter maxResponseSize: bytes of a body; a longer one fails as `tooLarge`.
    public static func live(maxResponseSize: Int = 8 << 20) -> HTTPClient {
        let curl = Curl(maxResponseSize: maxResponseSize)
        return HTTPClient(
            transport: { curl.send($0) }, now: Timestamp.now,
            sleep: { usleep(UInt32($0) * 1000) }, random: { Int.random(in: 0...$0) })
    }
}
