import Basics
import HTTP
import JSON

/// One outside call of a traced invocation, as a document of its own ("AWS X-Ray segment documents", "Subsegments").
struct Subsegment {
    var id = Self.newID()
    var trace: TraceHeader
    var call: TracedCall
    var method: String
    var start: Timestamp
    /// For a call without a response, when it was given up.
    var end: Timestamp
    var result: Result<Response, HTTPFailure>

    var document: JSON {
        var document: [String: JSON] = [
            "type": "subsegment", "id": .string(id), "trace_id": .string(trace.root),
            "parent_id": .string(trace.parent),
            "name": .string(call.name), "namespace": call.isAWS ? "aws" : "remote",
            "start_time": seconds(Double(start.milliseconds)), "end_time": seconds(endMilliseconds),
        ]
        var http: [String: JSON] = ["request": ["method": .string(method)]]
        var aws: [String: JSON] = [:]
        aws["operation"] = call.operation.map(JSON.string)
        switch result {
        case .success(let response):
            http["response"] = ["status": .number(response.status), "content_length": .number(response.body.count)]
            aws["request_id"] = response.header("x-amzn-RequestId").map { .string($0.boundedID) }
            document.merge(flags(response)) { $1 }
        case .failure(let failure):
            document["fault"] = true
            document["cause"] = [
                "exceptions": [
                    [
                        "id": .string(Self.newID()), "type": .string("\(failure.kind)"), "remote": true,
                        "message": .string(failure.description.excerpt),
                    ]
                ]
            ]
        }
        document["http"] = .object(http)
        if !aws.isEmpty { document["aws"] = .object(aws) }
        return .object(document)
    }

    /// 64 random bits in 16 hex digits.
    private static func newID() -> String {
        let digits = String(UInt64.random(in: 0...UInt64.max), radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    private func seconds(_ milliseconds: Double) -> JSON { .number(milliseconds / 1000) }

    /// libcurl's time, which is finer than the clock.
    private var endMilliseconds: Double {
        guard case .success(let response) = result, response.milliseconds > 0 else { return Double(end.milliseconds) }
        return Double(start.milliseconds) + response.milliseconds
    }

    private func flags(_ response: Response) -> [String: JSON] {
        switch response.status {
        case 429: ["error": true, "throttle": true]
        case 400..<500 where call.isAWS && isThrottled(response): ["error": true, "throttle": true]
        case 400..<500: ["error": true]
        case 500...: ["fault": true]
        // WHMCS refuses with 200.
        case _ where response.body.prefix(64).firstRange(of: Array(#""result":"error""#.utf8)) != nil: ["error": true]
        default: [:]
        }
    }

    /// The JSON protocols throttle with 400.
    private func isThrottled(_ response: Response) -> Bool {
        let code = JSON(response.body)?["__type"]?.string ?? ""
        return ["Throttl", "ThroughputExceeded", "RequestLimitExceeded", "TooManyRequests"].contains {
            code.contains($0)
        }
    }
}
