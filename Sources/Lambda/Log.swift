import Basics
import Glibc
import JSON

/// Writes one JSON object a line, unbuffered: Swift's `print` buffers blocks when stdout is no terminal, and Lambda
/// freezes or kills a process without a chance to flush.
public struct Log: Sendable {
    public enum Level: Int, Sendable, CaseIterable, Comparable {
        case trace, debug, info, warn, error, fatal

        public static func < (one: Level, other: Level) -> Bool { one.rawValue < other.rawValue }

        // A list, since a name by reflection takes a fifth of a program's start.
        private static let names = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"]
        var name: String { Self.names[rawValue] }
    }

    private let level: Level
    private let write: @Sendable ([UInt8]) -> Void
    private let now: @Sendable () -> Timestamp
    private var fields: [String: JSON] = [:]

    /// - Parameters:
    ///   - level: `AWS_LAMBDA_LOG_LEVEL`; INFO when unknown.
    ///   - write: takes a whole line.
    public init(
        level: String? = nil, now: @escaping @Sendable () -> Timestamp = Timestamp.now,
        write: @escaping @Sendable ([UInt8]) -> Void = { Log.writeToStandardError($0) }
    ) {
        self.level = Level.allCases.first { $0.name == level?.uppercased() } ?? .info
        self.now = now
        self.write = write
    }

    /// The same log, with these fields on every line.
    public func with(_ fields: [String: JSON]) -> Log {
        var log = self
        log.fields.merge(fields) { $1 }
        return log
    }

    public func info(_ message: String, _ fields: [String: JSON] = [:]) { line(.info, message, fields) }
    public func warn(_ message: String, _ fields: [String: JSON] = [:]) { line(.warn, message, fields) }
    public func error(_ message: String, _ fields: [String: JSON] = [:]) { line(.error, message, fields) }

    /// Writes metrics, whatever the level: a line below it would be dropped, here or by Lambda, with its metrics ("Log-level
    /// filtering").
    func metrics(_ members: [String: JSON]) { line(max(level, .info), "metrics", members) }

    private func line(_ level: Level, _ message: String, _ fields: [String: JSON]) {
        guard level >= self.level else { return }
        var line = self.fields.merging(fields) { $1 }
        line["level"] = .string(level.name)
        line["message"] = .string(message)
        line["timestamp"] = .string(now().iso8601)
        raw(JSON.object(line).bytes)
    }

    /// Writes a line that is JSON already.
    func raw(_ json: [UInt8]) {
        write(json + [UInt8(ascii: "\n")])
    }

    /// One `write(2)`, unless the system writes only a part.
    public static func writeToStandardError(_ line: [UInt8]) {
        line.withUnsafeBytes { bytes in
            var start = 0
            while start < bytes.count {
                let written = Glibc.write(2, bytes.baseAddress.map { $0 + start }, bytes.count - start)
                guard written > 0 || errno == EINTR else { return }
                start += max(0, written)
            }
        }
    }
}
