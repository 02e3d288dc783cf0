import JSON
import TestSupport
import Testbed
import Testing

/// The built programs look at the testbed, which has moto, the roles' parameters and both simulators.
@Suite struct DoctorTests {
    private static func doctor(_ program: String, _ harness: EndToEndHarness) throws -> [String: JSON] {
        let answer = try harness.testbed.invoke(program, ["doctor": true])
        let checks = try #require(JSON(answer.payload)?["checks"]?.array)
        return Dictionary(checks.map { ($0["name"]?.string ?? "", $0) }) { $1 }
    }

    private static func names(_ checks: [String: JSON], _ isOK: JSON) -> [String] {
        checks.filter { $0.value["ok"] == isOK }.keys.sorted()
    }

    @Test("On the testbed the two products that nobody can order are faults, and no order runs")
    func testbed() throws {
        let harness = try EndToEndHarness()
        defer { harness.testbed.stop() }
        let refresh = try Self.doctor("refresh-sf-token", harness)
        #expect(Self.names(refresh, true).count == refresh.count)
        // What refresh-sf-token requested is not stored.
        let before = try Self.doctor("provision-order", harness)
        #expect(Self.names(before, false) == ["Salesforce token"])
        _ = try harness.testbed.invoke("refresh-sf-token", [:])

        let checks = try Self.doctor("provision-order", harness)
        #expect(Self.names(checks, false) == ["catalogue: orders"])
        #expect(Self.names(checks, .null) == ["catalogue: hidden products"])
        let detail = try #require(checks["catalogue: orders"]?["detail"]?.string)
        #expect(detail.hasPrefix("2 of 6 products cannot be ordered"))
        #expect(harness.testbed.whmcs.state.orders == [])
        #expect(harness.testbed.salesforce.statusHistory(Seed.order) == [])
        #expect(try harness.get("/orders/\(Seed.order)").status == 404)

        // Whoever asks from Lambda learns which address WHMCS saw.
        harness.testbed.whmcs.configuration.allowedAddresses = ["10.0.0.1"]
        harness.testbed.whmcs.configuration.callerAddress = "203.0.113.9"
        let refused = try Self.doctor("provision-order", harness)
        #expect(Self.names(refused, false) == ["WHMCS", "catalogue"])
        #expect(refused["WHMCS"]?["detail"]?.string?.contains("203.0.113.9") == true)
    }
}
