import Basics
import Foundation

extension Timestamp {
    init(_ date: Date) {
        self.init(milliseconds: Int((date.timeIntervalSince1970 * 1000).rounded()))
    }

    /// `2026-11-20T12:00:00Z`
    var iso8601Seconds: String { iso8601.prefix { $0 != "." } + "Z" }
}

extension Date {
    init(_ time: Timestamp) {
        self.init(timeIntervalSince1970: Double(time.milliseconds) / 1000)
    }
}
