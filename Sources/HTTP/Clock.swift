import Glibc

/// Wall-clock time, in ms since 1970.
public enum Clock {
    public static func milliseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// `2026-11-20T10:15:30.123Z`, as RFC 3339 and Salesforce have it.
    public static func text(_ milliseconds: Int64) -> String {
        // Rounded down, before 1970 too.
        let fraction = (milliseconds % 1000 + 1000) % 1000
        var seconds = time_t((milliseconds - fraction) / 1000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        var buffer = [CChar](repeating: 0, count: 32)
        let length = strftime(&buffer, buffer.count, "%Y-%m-%dT%H:%M:%S", &parts)
        let date = String(decoding: buffer.prefix(length).map(UInt8.init(bitPattern:)), as: UTF8.self)
        return date + ".\(String(1000 + fraction).dropFirst())Z"
    }
}
