import JSON
import Lambda
import TestSupport

/// What a program logged.
struct LogLines {
    private let recorder = Recorder<[UInt8]>()

    var log: Log {
        Log(write: { [recorder] in recorder.append($0) })
    }

    private var all: [JSON] { recorder.values.map { JSON($0) ?? .null } }
    /// Without those of metrics.
    var lines: [JSON] { all.filter { $0["_aws"] == nil } }
    var metrics: [JSON] { all.filter { $0["_aws"] != nil } }
    var messages: [String] { lines.compactMap { $0["message"]?.string } }
    var text: String { recorder.values.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "\n") }
}
