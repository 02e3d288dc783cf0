import JSON

/// A WHMCS installation on loopback: the part of the API that selling products needs.
///
/// It keeps real state, and refuses what WHMCS refuses. `/_simulator/` is for people with curl.
public final class WHMCSSimulator: Sendable {
    private let installation: WHMCSInstallation
    private let server: LoopbackServer

    /// Starts with the products and customers of `Seed`.
    public init(identifier: String, secret: String) throws {
        let installation = WHMCSInstallation(Configuration(identifier: identifier, secret: secret), .seeded)
        self.installation = installation
        server = try LoopbackServer { installation.answer($0) }
    }

    var port: UInt16 { server.port }
    public var url: String { server.url }
    /// The URL of the API.
    public var apiURL: String { "\(url)/includes/api.php" }

    /// A snapshot.
    public var state: State { installation.content.withLock { $0.state } }

    /// The most requests that were at work at once.
    public var mostRequestsAtOnce: Int { installation.requests.withLock { $0.most } }

    /// Takes effect with the next call.
    public var configuration: Configuration {
        get { installation.content.withLock { $0.configuration } }
        set { installation.content.withLock { $0.configuration = newValue } }
    }

    /// Changes the state while no request is served.
    @discardableResult
    public func update<Result: Sendable>(_ change: (inout State) -> Result) -> Result {
        installation.content.withLock { change(&$0.state) }
    }

    /// Gives the client a pay method, and returns its id.
    @discardableResult
    public func addPayMethod(_ clientId: Int, type: String = "RemoteCreditCard") -> Int {
        update { $0.addPayMethod(clientId, type: type) }
    }

    /// Adds a fault to the next calls.
    ///
    /// - Parameter action: only actions with this in their name; nil for any action.
    public func failNext(_ fault: Fault, on action: String? = nil, times: Int = 1) {
        installation.faults.add(fault, on: action, times: times)
    }

    public func clearFaults() {
        installation.faults.removeAll()
    }

    /// Waits for calls that are still at work.
    public func stop() {
        server.stop()
    }
}

extension WHMCSSimulator.State {
    package mutating func addPayMethod(_ clientId: Int, type: String) -> Int {
        let method = WHMCSSimulator.PayMethod(id: newId(), clientId: clientId, type: type)
        payMethods.append(method)
        return method.id
    }
}
