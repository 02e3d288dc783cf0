import Foundation
import Simulation

let usage = "usage: simulate [--seed N] [--orders N] [--story]"
var seed = UInt64.random(in: 1...1_000_000_000)
var orders = 1000
var isStory = false
var arguments = CommandLine.arguments.dropFirst()
while let argument = arguments.popFirst() {
    switch (argument, arguments.first) {
    case ("--seed", let value?):
        guard let number = UInt64(value) else { fail() }
        seed = number
        arguments.removeFirst()
    case ("--orders", let value?):
        guard let number = Int(value), number > 0 else { fail() }
        orders = number
        arguments.removeFirst()
    case ("--story", _): isStory = true
    default: fail()
    }
}

func fail() -> Never {
    FileHandle.standardError.write(Data("\(usage)\n".utf8))
    exit(64)
}

/// Prints the episode of the seed, line by line.
@MainActor func printStory() {
    let (report, lines) = Simulation(firstSeed: seed, orders: orders).story(of: seed)
    for line in lines { print(line) }
    for violation in report.violations { print("violated: \(violation)") }
    exit(report.violations.isEmpty ? 0 : 1)
}

@MainActor func run() {
    print("seed \(seed)")
    let start = Date()
    let totals = Simulation(firstSeed: seed, orders: orders).run()
    let rate = Int(Double(totals.orders) / Date().timeIntervalSince(start))
    let faults = totals.faults.sorted { $0.key < $1.key }.map { "\($0.value) × \($0.key)" }
    print("\(totals.orders) orders in \(totals.episodes) episodes, \(totals.provisioned) Provisioned")
    print("\(totals.calls) calls, \(totals.kills) kills, faults: \(faults.joined(separator: ", "))")
    print(
        "\(totals.virtualTime / 3_600_000) h of virtual time, \(rate) orders/s, hash \(String(totals.hash, radix: 16))")
    for (seed, violations) in totals.failures {
        print("seed \(seed) violates: \(violations.joined(separator: "; "))")
    }
    let failed = totals.failures.count * 10
    print("\(totals.orders - failed) orders without violation")
    exit(totals.failures.isEmpty ? 0 : 1)
}

if isStory { printStory() } else { run() }
