import JSON
import Lambda

/// A JSON answer to an HTTP request.
struct Answer {
    var status: Int
    var headers: [String: String] = [:]
    var body: JSON
}

extension Invocation {
    /// Answers an API Gateway request. A problem that `answer` throws is an answer too, not an error of the invocation.
    ///
    /// - Parameters:
    ///   - headers: of every answer.
    ///   - answer: takes the request and its id.
    func reply(
        headers: [String: String] = [:], _ answer: (HTTPEvent, String) throws(ProblemDetails) -> Answer
    ) throws -> [UInt8] {
        let event = try HTTPEvent(payload)
        let requestID = event.requestID.isEmpty ? self.requestID : event.requestID
        func reply(_ answer: Answer, _ contentType: String) -> [UInt8] {
            let common = headers.merging(["Content-Type": contentType]) { $1 }
            return event.reply(
                answer.status, headers: common.merging(answer.headers) { $1 }, body: answer.body.bytes)
        }
        do throws(ProblemDetails) {
            return reply(try answer(event, requestID), "application/json")
        } catch {
            return reply(error.answer(requestID: requestID), "application/problem+json")
        }
    }
}
