import Salesforce
import Testing

@testable import Orders
@testable import WHMCS

/// Everything of an order that costs money must be as planned.
@Suite struct OrderComparisonTests {
    /// What WHMCS has for `PlanTests.plan`: two of 185, half-yearly at 9.90, and one of 186.
    private struct Found {
        var order = WHMCSOrder(
            id: 7, clientId: 1234, status: "Pending", notes: "", promotionCode: "",
            items: [11, 12, 13].map { .init(type: "product", relatedId: $0) })
        var services = [
            Found.service(13, product: 186, cycle: "One Time", first: "49.00", recurring: "0.00"),
            Found.service(12, product: 185, cycle: "Semi-Annually", first: "9.90", recurring: "9.90"),
            Found.service(11, product: 185, cycle: "Semi-Annually", first: "9.90", recurring: "9.90"),
        ]

        static func service(
            _ id: Int, product: Int, cycle: String?, first: String?, recurring: String?, quantity: Int = 1
        ) -> Service {
            Service(
                id: id, orderId: 7, productId: product, status: "Pending", cycle: cycle, recurringAmount: recurring,
                firstPaymentAmount: first, quantity: quantity, domain: product == 185 ? "A.example" : "",
                customFields: [:])
        }

        func compared() -> Result<[Int], ProvisioningFailure> {
            Result { () throws(ProvisioningFailure) in
                try OrderComparison(PlanTests.plan).serviceIDs(order, services)
            }
        }
    }

    @Test("An order as planned has its services in the order of the lines") func same() {
        #expect(Found().compared() == .success([12, 11, 13]))
    }

    @Test("What WHMCS does not show is not compared") func unknown() {
        var found = Found()
        found.order.items = nil
        for index in found.services.indices {
            found.services[index].cycle = nil
            found.services[index].recurringAmount = nil
        }
        #expect(found.compared() == .success([12, 11, 13]))
    }

    struct Difference: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var change: @Sendable (inout WHMCSOrder, inout [Service]) -> Void

        init(_ fault: String, _ change: @escaping @Sendable (inout WHMCSOrder, inout [Service]) -> Void) {
            testDescription = fault
            self.change = change
        }
    }

    @Test(
        "A difference is named, and the order is not accepted",
        arguments: [
            Difference("a service of product 186 is missing") { $1.removeFirst() },
            Difference("service 14 of product 186 was not ordered") {
                $1.append(Found.service(14, product: 186, cycle: nil, first: nil, recurring: nil))
            },
            Difference("service 12 is billed Monthly, not semiannually") { $1[1].cycle = "Monthly" },
            Difference("service 12 costs 0.90, not 9.90") { $1[1].recurringAmount = "0.90" },
            Difference("service 11 has the quantity 3") { $1[2].quantity = 3 },
            Difference("it has a promotion") { order, _ in order.promotionCode = "HALF" },
            Difference("it has an item of the type addon") { order, _ in
                order.items?.append(.init(type: "addon", relatedId: 5))
            },
            Difference("it has an item of the type domain") { order, _ in
                order.items?.append(.init(type: "domain", relatedId: 6))
            },
            Difference("a service of product 186 is missing; service 13 of product 187 was not ordered") {
                $1[0].productId = 187
            },
        ])
    func difference(_ difference: Difference) {
        var found = Found()
        difference.change(&found.order, &found.services)
        let message =
            "WHMCS order 7 does not match the plan: \(difference.testDescription); cancel it and request again"
        #expect(found.compared() == .failure(ProvisioningFailure(.provisioningError, message)))
    }

    @Test("Two lines of one product with different cycles find each its own") func cycles() throws {
        var plan = PlanTests.plan
        plan.items[0].quantity = 1
        plan.items[1] = Plan.Item(orderItemID: plan.items[1].orderItemID, productID: 185, cycle: .annually, quantity: 1)
        var found = Found()
        found.services = [
            Found.service(11, product: 185, cycle: "Annually", first: nil, recurring: nil),
            Found.service(12, product: 185, cycle: "Semi-Annually", first: nil, recurring: nil),
        ]
        #expect(try OrderComparison(plan).serviceIDs(found.order, found.services) == [12, 11])
    }

    @Test("Lines for one product have the services with their domains") func domains() throws {
        var plan = PlanTests.plan
        plan.items = ["b.example", nil, "a.example"].enumerated().map { index, domain in
            Plan.Item(
                orderItemID: MappingTests.ids[index], productID: 185, cycle: .monthly, quantity: 1, domain: domain)
        }
        let services = [(11, "A.example"), (12, "b.example"), (13, "")].map { id, domain in
            var service = Found.service(id, product: 185, cycle: "Monthly", first: "9.90", recurring: "9.90")
            service.domain = domain
            return service
        }
        #expect(try OrderComparison(plan).serviceIDs(Found().order, services) == [12, 13, 11])
        // WHMCS may write a domain in its own way.
        plan.items[0].domain = "other.example"
        #expect(try OrderComparison(plan).serviceIDs(Found().order, services) == [11, 13, 12])
    }

    /// WHMCS may add the prices of options, or a set-up fee, to ours.
    @Test(
        "A service that may cost more costs at least what was planned",
        arguments: [("9.90", true), ("9.899999", true), ("14.90", true), ("9.89", false), ("0.00", false)])
    func mayCostMore(_ price: String, _ isRight: Bool) {
        var plan = PlanTests.plan
        plan.items[0].mayCostMore = true
        var found = Found()
        found.services[1].recurringAmount = price
        let ids = try? OrderComparison(plan).serviceIDs(found.order, found.services)
        #expect((ids != nil) == isRight)
    }
}
