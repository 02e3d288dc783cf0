import Foundation

/// A command of the `testbed` tool.
public enum Command: Sendable, Equatable {
    /// `speed` divides the times that the testbed waits.
    case up(port: UInt16, speed: Int)
    case invoke(function: String, file: String, asIs: Bool)
    case fulfill(orderId: String, door: FulfillCommand.Door, key: String?, timeout: TimeInterval)
    /// Nil asks for the health of the suite.
    case status(orderId: String?)

    public static let usage = """
        usage: deploy/testbed up [--port N] [--speed N]
               deploy/testbed invoke <function> <event.json> [--as-is]
               deploy/testbed fulfill <orderId> [--event | --url URL] [--key K] [--timeout SECONDS]
               deploy/testbed status [orderId]

        up       runs AWS, API Gateway, Lambda, Salesforce and WHMCS on this machine until Ctrl-C, and a page that
                 shows them at work; the gateway and the page have port 4242, or another with --port (0: a free one);
                 schedules, retries and the lease of a killed run take a tenth of their time with --speed 10
        invoke   runs one function once, on the running testbed or on a temporary one;
                 renews the time, nonce and signature of a signed request, unless --as-is is given
        fulfill  sends an order to the running testbed as Salesforce would, and follows it until it is Provisioned
                 or Failed, for 120 seconds at most, or as many as --timeout says; as an operator's click, or with
                 --event as the platform event of an approved order; with --url to a deployed stack, whose webhook
                 secret is in the environment variable WEBHOOK_SECRET
        status   reads an order's status from the running testbed, or the suite's health, signed as a portal does it

        """

    /// The arguments form no command.
    public struct UsageError: Error, Equatable, CustomStringConvertible {
        public var description: String
    }

    /// Parses the arguments that follow the tool's name.
    public static func parse(_ arguments: [String]) throws(UsageError) -> Command {
        var arguments = Arguments(arguments)
        switch arguments.next() {
        case "up":
            let port = try arguments.option("--port")
            let speed = try arguments.option("--speed")
            try arguments.end()
            guard let number = UInt16(port ?? "4242") else {
                throw UsageError(description: "--port takes a number up to 65535, not \(port ?? "").")
            }
            guard let factor = Int(speed ?? "1"), (1...100).contains(factor) else {
                throw UsageError(description: "--speed takes a number from 1 to 100, not \(speed ?? "").")
            }
            return .up(port: number, speed: factor)
        case "invoke":
            let asIs = arguments.flag("--as-is")
            let function = try arguments.required("the function's name")
            let file = try arguments.required("the event's file")
            try arguments.end()
            return .invoke(function: function, file: file, asIs: asIs)
        case "fulfill":
            let isEvent = arguments.flag("--event")
            let url = try arguments.option("--url")
            let key = try arguments.option("--key")
            let timeout = try arguments.option("--timeout")
            let orderId = try arguments.required("the order's id")
            try arguments.end()
            guard let seconds = Double(timeout ?? "120"), seconds > 0, seconds.isFinite else {
                throw UsageError(description: "--timeout takes seconds, not \(timeout ?? "").")
            }
            guard !isEvent || url == nil else {
                throw UsageError(description: "--event is for the testbed: a stack's events come from Salesforce.")
            }
            let door = url.map { FulfillCommand.Door.deployed(url: $0) } ?? (isEvent ? .event : .click)
            return .fulfill(orderId: orderId, door: door, key: key, timeout: seconds)
        case "status":
            let orderId = arguments.next()
            try arguments.end()
            return .status(orderId: orderId)
        case let word?: throw UsageError(description: "Unknown command: \(word).")
        case nil: throw UsageError(description: "Missing: a command.")
        }
    }
}

/// Takes arguments one by one. Options may stand anywhere.
private struct Arguments {
    private var rest: [String]

    init(_ arguments: [String]) {
        rest = arguments
    }

    mutating func next() -> String? {
        rest.isEmpty ? nil : rest.removeFirst()
    }

    mutating func required(_ what: String) throws(Command.UsageError) -> String {
        guard let first = rest.first, !first.hasPrefix("--") else {
            throw Command.UsageError(description: "Missing: \(what).")
        }
        rest.removeFirst()
        return first
    }

    mutating func flag(_ name: String) -> Bool {
        guard let index = rest.firstIndex(of: name) else { return false }
        rest.remove(at: index)
        return true
    }

    mutating func option(_ name: String) throws(Command.UsageError) -> String? {
        guard let index = rest.firstIndex(of: name) else { return nil }
        guard index + 1 < rest.count else { throw Command.UsageError(description: "\(name) takes a value.") }
        rest.remove(at: index)
        return rest.remove(at: index)
    }

    func end() throws(Command.UsageError) {
        if let first = rest.first { throw Command.UsageError(description: "Unexpected argument: \(first).") }
    }
}
