import JSON
import Testing

@testable import Orders
@testable import Salesforce
@testable import WHMCS

/// The plan as the ledger stores it.
@Suite struct LedgerPlanTests {
    @Test("A plan comes back from the ledger") func roundTrip() throws {
        let bytes = PlanTests.plan.json.bytes
        #expect(Plan(try #require(JSON(bytes))) == PlanTests.plan)
    }

    /// As versions before options, gateways and currencies wrote it.
    @Test("A plan without the newer members is read") func olderPlan() throws {
        var plan = PlanTests.plan
        (plan.paymentMethod, plan.currency) = (nil, nil)
        plan.items = [Plan.Item(orderItemID: MappingTests.ids[0], productID: 1, cycle: .monthly, quantity: 1)]
        let item: JSON = [
            "orderItemId": .string(MappingTests.ids[0].text), "productId": 1, "cycle": "monthly", "quantity": 1,
        ]
        #expect(plan.json == ["clientId": 1234, "items": [item]])
        #expect(Plan(plan.json) == plan)
    }

    private static func with(_ change: (inout [String: JSON]) -> Void) -> JSON {
        var members = PlanTests.plan.json.object ?? [:]
        change(&members)
        return .object(members)
    }

    private static func withOptions(_ options: JSON) -> JSON {
        with {
            $0["items"] = [
                [
                    "orderItemId": "802Dn0000000001", "productId": 1, "cycle": "monthly", "quantity": 1,
                    "configOptions": options,
                ]
            ]
        }
    }

    @Test(
        "A plan with a missing or wrong member is unreadable",
        arguments: [
            JSON.null, [], [:],
            with { $0["clientId"] = nil }, with { $0["clientId"] = .number(1.5) },
            with { $0["items"] = nil }, with { $0["items"] = [:] }, with { $0["items"] = [[:]] },
            with { $0["items"] = [["orderItemId": "x", "productId": 1, "cycle": "monthly", "quantity": 1]] },
            with {
                $0["items"] = [["orderItemId": "802Dn0000000001", "productId": 1, "cycle": "weekly", "quantity": 1]]
            },
            withOptions(["x": "1"]), withOptions(["7": 1]), withOptions([]),
        ])
    func unreadable(_ json: JSON) {
        #expect(Plan(json) == nil)
    }
}
