import JSON
import TestSupport
import Testbed
import Testing

/// The built programs look at the testbed, which has moto, the roles' parameters and both simulators.
@Suite(.serialized) struct DoctorTests {
    private static func doctor(_ program: String, _ harness: EndToEndHarness) throws -> [String: JSON] {
        let answer = try harness.testbed.invoke(program, ["doctor": true])
        let checks = try #require(JSON(answer.payload)?["checks"]?.array)
        return Dictionary(checks.map { ($0["name"]?.string ?? "", $0) }) { $1 }
    }

    private static func names(_ checks: [String: JSON], _ isOK: JSON) -> [String] {
        checks.filter { $0.value["ok"] == isOK }.keys.sorted()
    }

    @Test("On the testbed only the two products that nobody can order are faults, and no order runs")
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
    }

    @Test("Sick parts are found where the programs run") func sickness() throws {
        let harness = try EndToEndHarness { configuration in
            configuration.environment["provision-order"] = ["ORDER_QUEUE_URL": "http://127.0.0.1:9/0/none"]
            configuration.environment["refresh-sf-token"] = ["SF_ORGANIZATION_ID": "00Dn00000099AbC"]
        }
        defer { harness.testbed.stop() }
        #expect(Self.names(try Self.doctor("refresh-sf-token", harness), false) == ["Salesforce organization"])
        harness.testbed.whmcs.configuration.allowedAddresses = ["10.0.0.1"]
        harness.testbed.whmcs.configuration.callerAddress = "203.0.113.9"
        let checks = try Self.doctor("provision-order", harness)
        #expect(checks["WHMCS"]?["detail"]?.string?.contains("203.0.113.9") == true)
        #expect(Self.names(checks, false).filter { !$0.hasPrefix("Salesforce") } == ["WHMCS", "order queue"])
        #expect(checks["order queue"]?["help"]?.string?.contains("creates what is missing") == true)
    }
}
