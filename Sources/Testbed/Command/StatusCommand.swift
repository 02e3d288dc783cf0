/// `testbed status` reads an order's status, or the suite's health, as a portal would.
public struct StatusCommand {
    public var projectRoot: String
    public var orderId: String?
    public var print: @Sendable (String) -> Void

    public init(projectRoot: String, orderId: String?, print: @escaping @Sendable (String) -> Void) {
        self.projectRoot = projectRoot
        self.orderId = orderId
        self.print = print
    }

    /// Prints the answer. Returns true when its status is 200.
    public func run() throws(TestbedFailure) -> Bool {
        let addresses = try TestbedAddresses.ofRunning(in: projectRoot)
        let path = orderId.map { "/orders/\($0)" } ?? "/health"
        let answer = try TestbedClient().send(SignedRead(path).request(to: addresses.gateway))
        print("\(answer.status) \(answer.text)")
        return answer.status == 200
    }
}
