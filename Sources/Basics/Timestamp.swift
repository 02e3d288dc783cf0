import Glibc

/// A duration in ms.
public typealias Milliseconds = Int

/// A point in time, to the ms.
public struct Timestamp: Comparable, Hashable, Sendable {
    /// ms since 1970-01-01T00:00:00Z.
    public var milliseconds: Int

    public init(milliseconds: Int) {
        self.milliseconds = milliseconds
    }

    /// Wall-clock time.
    public static func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: time.tv_sec * 1000 + time.tv_nsec / 1_000_000)
    }

    /// Whole seconds since 1970, rounded down, as DynamoDB's TTL and JWT claims count.
    public var seconds: Int { milliseconds / 1000 }

    /// `2026-11-20T10:15:30.123Z`: RFC 3339, which Salesforce also takes.
    public var iso8601: String {
        // Rounded down, also before 1970.
        let fraction = (milliseconds % 1000 + 1000) % 1000
        var seconds = time_t((milliseconds - fraction) / 1000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        var buffer = [CChar](repeating: 0, count: 32)
        let length = strftime(&buffer, buffer.count, "%Y-%m-%dT%H:%M:%S", &parts)
        let date = String(decoding: buffer.prefix(length).map(UInt8.init(bitPattern:)), as: UTF8.self)
        return date + ".\(String(1000 + fraction).dropFirst())Z"
    }

    public static func < (one: Timestamp, other: Timestamp) -> Bool { one.milliseconds < other.milliseconds }

    public static func + (time: Timestamp, duration: Milliseconds) -> Timestamp {
        Timestamp(milliseconds: time.milliseconds + duration)
    }

    public static func - (time: Timestamp, duration: Milliseconds) -> Timestamp {
        Timestamp(milliseconds: time.milliseconds - duration)
    }

    public static func - (end: Timestamp, start: Timestamp) -> Milliseconds { end.milliseconds - start.milliseconds }

    public static func += (time: inout Timestamp, duration: Milliseconds) { time = time + duration }
}
