import Foundation
import Simulation

/// The arguments of the tool.
struct Options {
    static let usage = """
        usage: simulate [--seed N] [--orders N] [--minutes M] [--without SAFEGUARD] [--story]
               simulate --safeguards [--seed N]
               simulate --burst [--seed N] [--orders N]
        safeguards: \(Safeguard.allCases.map(\.rawValue).joined(separator: ", "))
        """

    var seed = UInt64.random(in: 1...1_000_000_000)
    /// Nil for 1 000, or for as many as the minutes allow.
    var orders: Int?
    var minutes: Double?
    var without: Safeguard?
    var isStory = false
    var checksSafeguards = false
    var isBurst = false

    /// Nil when the arguments are not understood.
    init?(_ arguments: [String]) {
        var arguments = arguments[...]
        while let argument = arguments.popFirst() {
            switch argument {
            case "--story": isStory = true
            case "--safeguards": checksSafeguards = true
            case "--burst": isBurst = true
            default:
                guard let value = arguments.popFirst(), read(argument, value) else { return nil }
            }
        }
    }

    private mutating func read(_ name: String, _ value: String) -> Bool {
        switch name {
        case "--seed":
            guard let number = UInt64(value) else { return false }
            seed = number
        case "--orders":
            orders = Int(value)
            return orders.map { $0 > 0 } ?? false
        case "--minutes":
            minutes = Double(value)
            return minutes.map { $0 > 0 } ?? false
        case "--without":
            without = Safeguard(rawValue: value)
            return without != nil
        default: return false
        }
        return true
    }

    func simulation() -> Simulation {
        Simulation(
            firstSeed: seed, orders: orders ?? (minutes == nil ? 1_000 : .max / 2), without: without)
    }

    var deadline: Date? { minutes.map { Date() + $0 * 60 } }
}
