import TestSupport
import Testing

@testable import WHMCS

/// The vendor documents the queue as "a collection": each form of it must be understood, or be a failure.
@Suite struct ModuleQueueTests {
    private static let empty = #"{"result":"success","count":0,"queue":[]}"#
    private static let found = FailedAction(serviceId: 7, action: "CreateAccount", error: "No room")

    struct Form: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var body: String
        /// Nil when the answer cannot be read.
        var actions: [FailedAction]?
    }

    private static let forms = [
        Form(
            testDescription: "columns of the table",
            body: #""count":1,"queue":[{"service_type":"service","service_id":7,"module_action":"CreateAccount","#
                + #""last_attempt_error":"No room","completed":0}]"#, actions: [found]),
        Form(
            testDescription: "names of the vendor's page",
            body: #""count":"1","queue":[{"serviceType":"service","serviceId":"7","moduleAction":"CreateAccount","#
                + #""lastAttemptError":"No room","completed":"0"}]"#, actions: [found]),
        Form(
            testDescription: "flat",
            body: #""count":"1","queue[0][serviceType]":"service","queue[0][serviceId]":7,"#
                + #""queue[0][moduleAction]":"CreateAccount","queue[0][lastAttemptError]":"No room""#, actions: [found]),
        Form(
            testDescription: "PHP's list",
            body:
                #""count":1,"queue":{"0":{"service_id":7,"module_action":"CreateAccount","last_attempt_error":"No room"}}"#,
            actions: [found]),
        Form(
            testDescription: "completed, of an addon, of another service",
            body: #""count":3,"queue":[{"service_id":7,"completed":1},{"service_id":7,"completed":true},"#
                + #"{"service_id":8,"completed":0}]"#, actions: []),
        Form(
            testDescription: "of an addon", body: #""count":1,"queue":[{"service_type":"addon","service_id":7}]"#,
            actions: []),
        Form(testDescription: "empty list", body: #""count":0,"queue":[]"#, actions: []),
        Form(testDescription: "empty text", body: #""count":"0","queue":"""#, actions: []),
        Form(testDescription: "no queue", body: #""count":0"#, actions: []),
        Form(testDescription: "count without queue", body: #""count":1"#, actions: nil),
        Form(testDescription: "fewer than counted", body: #""count":2,"queue":[{"service_id":7}]"#, actions: nil),
        Form(testDescription: "without a service", body: #""count":1,"queue":[{"relid":7}]"#, actions: nil),
        Form(testDescription: "malformed flat names", body: #""queue[0]":1"#, actions: nil),
    ]

    @Test("Every form of the queue is read, or refused", arguments: forms)
    func form(_ form: Form) throws {
        let whmcs = try FakeHTTPClient(#"{"result":"success",\#(form.body)}"#).whmcs
        guard let actions = form.actions else {
            #expect(throws: WHMCSFailure.self) { try whmcs.failedActions(serviceIds: [7]) }
            return
        }
        #expect(try whmcs.failedActions(serviceIds: [7]) == actions)
    }

    @Test("One service is a filter, several are not") func filter() throws {
        let http = FakeHTTPClient([.answer(200, Self.empty), .answer(200, Self.empty)])
        _ = try http.whmcs.failedActions(serviceIds: [7])
        _ = try http.whmcs.failedActions(serviceIds: [7, 8])
        #expect(try http.whmcs.failedActions(serviceIds: []) == [])
        #expect(
            http.sent == [
                "action=GetModuleQueue&serviceType=service&relatedId=7", "action=GetModuleQueue&serviceType=service",
            ])
    }
}
