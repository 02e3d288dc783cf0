import JSON
import Lambda
import TestSupport
import Testing

@Suite struct LogTests {
    private func lines(_ level: String?, _ use: (Log) -> Void) -> [String] {
        let written = Recorder<[UInt8]>()
        use(Log(level: level, now: { 1_795_169_730_120 }, write: { written.append($0) }))
        return written.values.map { String(decoding: $0, as: UTF8.self) }
    }

    @Test(
        "Lines below the level are dropped",
        arguments: [
            ("TRACE", ["INFO", "WARN", "ERROR"]), ("DEBUG", ["INFO", "WARN", "ERROR"]),
            ("INFO", ["INFO", "WARN", "ERROR"]), ("WARN", ["WARN", "ERROR"]), ("ERROR", ["ERROR"]), ("FATAL", []),
            ("warn", ["WARN", "ERROR"]),
            // Too much logging is better than none.
            ("LOUD", ["INFO", "WARN", "ERROR"]), ("", ["INFO", "WARN", "ERROR"]), (nil, ["INFO", "WARN", "ERROR"]),
        ] as [(String?, [String])])
    func level(_ level: String?, _ expected: [String]) {
        let written = lines(level) { log in
            log.info("m")
            log.warn("m")
            log.error("m")
        }
        #expect(written.compactMap { JSON(Array($0.utf8))?["level"]?.string } == expected)
    }

    @Test("A line is one JSON object in one write") func line() {
        let written = lines(nil) { $0.info("two\nlines, \"é\"", ["step": "mapping", "ms": 12]) }
        let expected =
            #"{"level":"INFO","message":"two\nlines, \"é\"","ms":12,"step":"mapping","#
            + #""timestamp":"2026-11-20T10:15:30.120Z"}"# + "\n"
        #expect(written == [expected])
    }

    @Test("Fields are inherited, and the nearest wins") func fields() {
        let written = lines(nil) { log in
            let order = log.with(["orderId": "801", "attempt": 1])
            order.with(["attempt": 2, "step": "a"]).info("inner", ["step": "b"])
            order.info("outer")
        }.map { JSON(Array($0.utf8)) }
        #expect(written.map { $0?["orderId"] } == ["801", "801"])
        #expect(written.map { $0?["attempt"] } == [2, 1])
        #expect(written.map { $0?["step"] } == ["b", nil])
    }

    /// Lambda reads these three.
    @Test("A field cannot replace level, message or timestamp") func reservedFields() {
        let written = lines(nil) { $0.error("told", ["level": "TRACE", "message": "other", "timestamp": 1]) }
        let line = written.first.flatMap { JSON(Array($0.utf8)) }
        #expect(line == ["level": "ERROR", "message": "told", "timestamp": "2026-11-20T10:15:30.120Z"])
    }

    @Test("A line with an unencodable number is still logged") func nan() {
        let written = lines(nil) { $0.info("kept", ["rate": .number(.nan)]) }
        let line = written.first.flatMap { JSON(Array($0.utf8)) }
        #expect(line?["message"] == "kept")
        #expect(line?["rate"] == .null)
    }
}
