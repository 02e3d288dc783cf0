/// A call that a program makes to a service. Its name says where a fault is injected.
public struct OutboundCall: Sendable, Hashable {
    /// What the programs talk to.
    public enum Service: String, Sendable, CaseIterable {
        case dynamodb, events, ssm, sqs, lambda, salesforce, whmcs
        /// Any other service of AWS.
        case aws
    }

    public var program: String
    /// The program's runs are numbered from the start of the testbed.
    public var run: Int
    public var service: Service
    public var action: String
    /// How many calls of that action the run has made, this one included.
    public var number: Int
    /// How many calls the run has made, this one included.
    public var position: Int
    /// The Salesforce order of the run; nil when its event names none.
    public var order: String?

    public init(
        program: String, run: Int, service: Service, action: String, number: Int, position: Int, order: String? = nil
    ) {
        self.program = program
        self.run = run
        self.service = service
        self.action = action
        self.number = number
        self.position = position
        self.order = order
    }

    /// `provision-order dynamodb UpdateItem #2`
    public var name: String { "\(program) \(service) \(action) #\(number)" }

    /// Whether it represents a process start instead of a call. It is the first in the list of calls, and only
    /// `.thenRefuses` can be injected there.
    public var isProcessStart: Bool { action == Self.processStart }

    static let processStart = "start"

    /// The action of AWS or WHMCS, or the method and resource of Salesforce, without what differs from order to order.
    static func action(_ request: ServerRequest, _ service: Service) -> String {
        switch service {
        case .lambda: "Invoke"
        case .whmcs: request.form["action"] ?? request.method
        case .salesforce: "\(request.method) \(resource(request.path))"
        case .aws, .dynamodb, .events, .ssm, .sqs:
            request.header("x-amz-target")?.split(separator: ".").last.map(String.init) ?? request.form["Action"]
                ?? request.method
        }
    }

    /// `sobjects/Order` of `/services/data/v66.0/sobjects/Order/801…`.
    private static func resource(_ path: String) -> String {
        let parts = path.split(separator: "/").drop { $0 == "services" || $0 == "data" || $0.hasPrefix("v") }
        return parts.filter { $0.count < 15 }.joined(separator: "/")
    }

    /// The first id of a Salesforce order in an event.
    static func order(in event: [UInt8]) -> String? {
        String(decoding: event, as: UTF8.self).firstMatch(of: /801[0-9A-Za-z]{15}/).map { String($0.output) }
    }
}
