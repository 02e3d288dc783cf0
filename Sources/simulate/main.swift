import Foundation
import Simulation

// usage: simulate [--seed N] [--orders N] [--story]
var seed = UInt64.random(in: 1...1_000_000_000)
var orders = 1000
var wantsStory = false
var arguments = CommandLine.arguments.dropFirst()
while let argument = arguments.popFirst() {
    switch argument {
    case "--seed": seed = arguments.popFirst().flatMap { UInt64($0) } ?? seed
    case "--orders": orders = arguments.popFirst().flatMap { Int($0) } ?? orders
    case "--story": wantsStory = true
    default: exit(64)
    }
}
let simulation = Simulation(firstSeed: seed, orders: orders)
if wantsStory {
    let (report, lines) = simulation.story(of: seed)
    for line in lines { print(line) }
    print(report)
    exit(report.violations.isEmpty ? 0 : 1)
}
let start = Date()
let totals = simulation.run()
let seconds = Date().timeIntervalSince(start)
print("seed \(seed), \(totals.episodes) episodes, \(totals.orders) orders, \(totals.provisioned) Provisioned")
print("\(totals.calls) calls, \(totals.kills) kills, faults \(totals.faults.sorted { $0.key < $1.key })")
print(
    "virtual time \(totals.virtualTime / 3_600_000) h; \(Int(Double(totals.orders) / seconds)) orders a second; hash \(String(totals.hash, radix: 16))"
)
for failure in totals.failures.prefix(5) { print("seed \(failure.seed): \(failure.violations.prefix(3))") }
exit(totals.failures.isEmpty ? 0 : 1)
