import AWS
import Foundation
import JSON
import Testbed

/// A testbed with the template's own settings, on which one incident is played minute by minute.
///
/// A minute takes as long as the programs work in it, see `LedgerTime.swift`. In each minute the schedules fire, and then
/// CloudWatch looks: at the log, the functions' counts and the dead-letter queues.
final class DrillStage {
    struct Order {
        var id: String
        var client: Int
    }

    let harness: EndToEndHarness
    var testbed: RunningTestbed { harness.testbed }
    private(set) var minute = 0
    private(set) var report: DrillReport
    private let faultProxy: FaultProxy
    private var store = MetricStore()
    private var watch: AlarmWatch
    private var linesRead = 0
    private var queueURLs: [String: String] = [:]
    private var counted: [String: (invocations: Int, errors: Int)] = [:]

    init(_ incident: Incident) throws {
        let faultProxy = FaultProxy()
        self.faultProxy = faultProxy
        harness = try EndToEndHarness {
            $0.parameters = [:]
            $0.faultProxy = faultProxy
        }
        report = DrillReport(incident)
        watch = AlarmWatch(harness.testbed.resources.alarms)
        report.unjudgedAlarms = watch.unjudged
    }

    // MARK: What people do

    func did(_ what: String) { report.add(minute, .did, what) }

    /// New orders, each of a client of its own, requested as Salesforce does.
    func click(_ count: Int = 1, signer: WebhookSigner? = nil) throws -> [Order] {
        try (0..<count).map { _ in
            let (order, client) = harness.newOrder()
            try click(order, signer: signer)
            return Order(id: order, client: client)
        }
    }

    func click(_ order: String, signer: WebhookSigner? = nil) throws {
        let answer = try harness.fulfill(order, signer: signer)
        expect(answer.status == 202, "the request of \(order) got \(answer.status): \(answer.text)")
    }

    /// "Publish an order again" of the runbook, for all orders.
    func publishAll() throws {
        try harness.recover(["all": true])
        try waitUntilIdle()
    }

    /// The calls of that service do not get through.
    func cutOff(_ service: OutboundCall.Service) {
        faultProxy.reset { $0.service == service ? .response(.dropBeforeActing) : nil }
    }

    func connect() { faultProxy.reset() }

    // MARK: Time

    func pass(minutes: Int) throws {
        for _ in 0..<minutes { try passMinute() }
    }

    /// So that the report has what has happened before what follows.
    func settle() throws {
        try waitUntilIdle()
        readLog()
    }

    /// Until the ledger has the orders' final status and Salesforce has confirmed it.
    ///
    /// - Returns: the minutes that it took; nil when they are not settled by then.
    @discardableResult
    func pass(until orders: [Order], settleWithin minutes: Int) throws -> Int? {
        for passed in 0...minutes {
            try settle()
            if try orders.allSatisfy({ try harness.ledgerItem($0.id)?.isSettled == true }) { return passed }
            try passMinute()
        }
        expect(false, "not all orders have ended \(minutes) minutes later")
        return nil
    }

    private func passMinute() throws {
        try waitUntilIdle()
        readLog()
        minute += 1
        try harness.passTime(60_000)
        testbed.fireSchedules(atMinute: minute)
        try waitUntilIdle()
        readLog()
        try measure()
    }

    private func waitUntilIdle() throws {
        _ = try harness.poll("idle testbed") { testbed.isIdle ? true : nil }
    }

    // MARK: What an operator sees

    /// What the programs have logged since the last time.
    private func readLog() {
        let lines = testbed.journal.lines
        for line in lines.dropFirst(linesRead) {
            guard let json = JSON(Array(line.text.utf8)) else { continue }
            store.add(logLine: json, minute: minute)
            if let alert = json["alert"] { report.addAlert(minute, alert) }
        }
        linesRead = lines.count
    }

    /// What CloudWatch has of this minute.
    private func measure() throws {
        for function in testbed.resources.functions { try count(function) }
        for alarm in testbed.resources.alarms { try measureQueue(of: alarm) }
        for change in watch.look(store, minute: minute) {
            report.add(minute, change.rings ? .alarmBegan : .alarmEnded, change.alarm)
        }
    }

    private func count(_ function: FunctionDefinition) throws {
        let counts = try testbed.function(function.name).counts
        let before = counted.updateValue(counts, forKey: function.name) ?? (0, 0)
        guard counts.invocations > before.invocations else { return }
        for (metric, value) in [
            ("Invocations", counts.invocations - before.invocations), ("Errors", counts.errors - before.errors),
        ] {
            let metric = MetricStore.Metric(
                namespace: "AWS/Lambda", name: metric, dimensions: ["FunctionName": function.functionName])
            store.add(Double(value), metric, minute: minute)
        }
    }

    /// A message never waits in the order queue while the testbed is idle, so only lengths are measured.
    private func measureQueue(of alarm: AlarmDefinition) throws {
        guard let metric = alarm.rule?.metrics.first, metric.name == "ApproximateNumberOfMessagesVisible",
            let queue = metric.dimensions["QueueName"]
        else { return }
        let attribute = "ApproximateNumberOfMessages"
        let body: JSON = ["QueueUrl": .string(try queueURL(queue)), "AttributeNames": [.string(attribute)]]
        let length = try sqs.call("GetQueueAttributes", body)["Attributes"]?[attribute]?.string.flatMap(Double.init)
        store.add(length ?? 0, metric, minute: minute)
    }

    /// Takes the messages of the queue that the alarm watches, as a person does after the cause is fixed.
    func drainQueue(of alarm: String) throws -> [JSON] {
        let metric = testbed.resources.alarms.first { $0.name == alarm }?.rule?.metrics.first
        return try testbed.drain(queue: queueURL(metric?.dimensions["QueueName"] ?? ""))
    }

    private func queueURL(_ name: String) throws -> String {
        if let url = queueURLs[name] { return url }
        let url = try sqs.call("GetQueueUrl", ["QueueName": .string(name)])["QueueUrl"]?.string ?? ""
        queueURLs[name] = url
        return url
    }

    private var sqs: AWSService {
        AWSService(
            name: "sqs", identifier: "SQS", target: "AmazonSQS", version: "1.0", account: harness.account,
            http: harness.http)
    }

    // MARK: What must hold

    func expect(_ holds: Bool, _ violation: @autoclosure () -> String) {
        if !holds { report.violations.append("minute \(minute): \(violation())") }
    }

    func expectAlert(_ beginning: String) {
        expect(report.alerts.contains { $0.hasPrefix(beginning) }, "no alert \"\(beginning)…\"")
    }

    func expectAlarm(_ alarm: String, ended: Bool = false) {
        expect(report.alarms.contains(alarm), "the alarm \(alarm) did not ring")
        expect(watch.ringing.contains(alarm) != ended, "the alarm \(alarm) \(ended ? "still rings" : "does not ring")")
    }

    /// Nothing else rang, and nobody was alerted.
    func expectQuiet() {
        expect(report.alerts.isEmpty && report.alarms.isEmpty, "\(report.alerts) \(report.alarms)")
    }

    func expectProvisionedOnce(_ orders: [Order]) throws {
        for order in orders {
            let check = OrderCheck(harness, order: order.id, client: order.client, allowedEnds: ["Provisioned"])
            for violation in check.violations { expect(false, "\(order.id): \(violation)") }
        }
        report.provisioned += orders.count
    }

    func expectFailed(_ order: Order, _ code: String) throws {
        let item = try harness.ledger(order.id)
        let end = item["errorCode"]?.stringOrNumber ?? item["status"]?.stringOrNumber
        expect(item["status"] == "Failed" && end == code, "\(order.id) ended as \(end ?? "nothing")")
        let shown = try harness.salesforceOrder(order.id)["Provisioning_Error_Code__c"]?.stringOrNumber
        expect(shown == code, "Salesforce shows \(shown ?? "nothing") for \(order.id)")
        did("\(order.id) is Failed, \(code)")
    }

    /// Of all clients of the drill, whatever the orders' markers say.
    func expectOneWHMCSOrder(ofEach orders: [Order]) {
        for order in orders {
            let live = harness.whmcsOrders(order.client).filter { $0.status != "Cancelled" }
            expect(live.count == 1, "client \(order.client) has the WHMCS orders \(live.map(\.id))")
        }
    }

    /// - Parameters:
    ///   - minutes: since the repair.
    ///   - by: who did it.
    func recovered(in minutes: Int?, by: String) {
        report.recovery = "\(minutes.map { "\($0) min" } ?? "never"), \(by)"
        did("recovered: \(report.recovery)")
    }
}
