import Basics
import WHMCS

/// Compares an order of WHMCS with its plan, in everything that costs money. A marker proves whose order it is, not that
/// it is right: a person may have edited it, and a product may add what nobody ordered.
struct OrderComparison {
    private let plan: Plan

    init(_ plan: Plan) {
        self.plan = plan
    }

    /// The ids of the order's services, one for each unit, in the order of the plan's lines.
    ///
    /// Fails with all differences.
    func serviceIDs(_ order: WHMCSOrder, _ services: [Service]) throws(ProvisioningFailure) -> [Int] {
        var faults = unplanned(order)
        var ids: [Int] = []
        // WHMCS documents no order of the services, so each is found by what it is.
        var left = services
        for item in plan.items {
            for _ in 0..<item.quantity {
                let matches = left.indices.filter { differences(left[$0], item).isEmpty }
                // Lines for one product may differ only in their domain.
                let match = matches.first { hasName(left[$0], item) } ?? matches.first
                guard let index = match ?? left.firstIndex(where: { $0.productId == item.productID }) else {
                    faults.append("a service of product \(item.productID) is missing")
                    continue
                }
                let service = left.remove(at: index)
                faults += differences(service, item)
                ids.append(service.id)
            }
        }
        faults += left.map { "service \($0.id) of product \($0.productId) was not ordered" }
        guard faults.isEmpty else {
            throw ProvisioningFailure(
                .provisioningError,
                "WHMCS order \(order.id) does not match the plan: \(faults.joined(separator: "; ")); cancel it and request"
                    + " again")
        }
        return ids
    }

    private func hasName(_ service: Service, _ item: Plan.Item) -> Bool {
        (service.domain ?? "").lowercased() == (item.domain ?? item.hostname ?? "").lowercased()
    }

    private func unplanned(_ order: WHMCSOrder) -> [String] {
        var faults: [String] = []
        if !order.promotionCode.isEmpty { faults.append("it has a promotion") }
        for item in order.items ?? [] where !["", "product"].contains(item.type) {
            faults.append("it has an item of the type \(item.type.prefix(40))")
        }
        return faults
    }

    /// What WHMCS does not show is not compared.
    private func differences(_ service: Service, _ item: Plan.Item) -> [String] {
        guard service.productId == item.productID else { return ["another product"] }
        var faults: [String] = []
        if let cycle = service.cycle, BillingCycle(words: cycle) != item.cycle {
            faults.append("service \(service.id) is billed \(cycle.prefix(40)), not \(item.cycle.rawValue)")
        }
        if service.quantity != 1 { faults.append("service \(service.id) has the quantity \(service.quantity)") }
        let price = item.cycle == .onetime ? service.firstPaymentAmount : service.recurringAmount
        if let planned = item.price, let price, !isSameAmount(price, planned, orMore: item.mayCostMore) {
            faults.append("service \(service.id) costs \(price.prefix(40)), not \(planned)")
        }
        return faults
    }

    /// To the cent: WHMCS keeps two decimals.
    private func isSameAmount(_ found: String, _ planned: String, orMore: Bool) -> Bool {
        guard let found = Double(found), let planned = Double(planned) else { return false }
        let difference = found - planned
        return abs(difference) < 0.005 || orMore && difference > 0
    }
}
