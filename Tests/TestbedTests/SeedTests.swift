import Testing

@testable import Testbed

@Suite struct SeedTests {
    let salesforce = SalesforceSimulator.State.seeded
    let whmcs = WHMCSSimulator.State.seeded

    /// The WHMCS product id, cycle and quantity of each line.
    func lines(_ order: String) -> [String] {
        let items = salesforce.records["OrderItem"]?.values.filter { $0["OrderId"]?.string == order } ?? []
        return items.sorted { $0["Id"]?.string ?? "" < $1["Id"]?.string ?? "" }.map { item in
            let product = salesforce.record("Product2", item["Product2Id"]?.string ?? "")
            // A program may read the cycle from the line or from the product.
            let cycle =
                item["Billing_Cycle__c"] == product?["Billing_Cycle__c"] ? item["Billing_Cycle__c"]?.string : nil
            return
                "\(product?["WH_Product_ID__c"]?.stringOrNumber ?? "none") \(cycle ?? "?") \(item["Quantity"]?.stringOrNumber ?? "?")"
        }
    }

    @Test(
        "Every order of the seed has the client and lines of its purpose",
        arguments: [
            (Seed.order, "#1234 - Example Hosting Ltd", ["185 Monthly 1", "186 Onetime 2"]),
            (Seed.closedClientOrder, "#1235 - Gone Away GmbH", ["185 Monthly 1", "186 Onetime 2"]),
            (Seed.noPayMethodOrder, "#1236 - Unbanked & Söhne", ["185 Monthly 1", "186 Onetime 2"]),
            (
                Seed.unmappedOrder, "#1234 - Example Hosting Ltd",
                ["none Monthly 1", "185 Fortnightly 1", "185 Monthly 1"]
            ),
            (Seed.notLinkedOrder, nil, ["185 Monthly 1", "186 Onetime 2"]),
            (Seed.otherOrder, "#1234 - Example Hosting Ltd", ["185 Annual 1"]),
        ])
    func seedsOrders(_ id: String, client: String?, lines expected: [String]) {
        let order = salesforce.record("Order", id)
        #expect(order?["Status"] == "Approved")
        #expect(order?["Pricebook2Id"]?.string == Seed.pricebook)
        #expect(order?["Provisioning_Status__c"] == nil)
        #expect(salesforce.record("Account", order?["AccountId"]?.string ?? "")?["WH_Account__c"]?.string == client)
        #expect(lines(id) == expected)
    }

    @Test("WHMCS has the clients of the Salesforce accounts")
    func seedsTheSameCustomers() {
        #expect(whmcs.clients.map(\.status) == ["Active", "Closed", "Active"])
        #expect(whmcs.payMethods.map(\.clientId) == [1234])
        for (account, client) in [(Seed.account, 1234), (Seed.closedAccount, 1235), (Seed.noPayMethodAccount, 1236)] {
            #expect(
                whmcs.client(client)?.customFields[Seed.customerNumberField]
                    == salesforce.record("Account", account)?["SF_Account_No__c"]?.string)
        }
    }

    @Test("Every id has the right suffix")
    func seedsValidIds() {
        for (type, records) in salesforce.records {
            for id in records.keys { #expect(salesforce.record(type, String(id.prefix(15)))?["Id"]?.string == id) }
        }
        #expect(salesforce.records["Order"]?.count == 6)
        #expect(salesforce.records["Product2"]?.count == 6)
        #expect(salesforce.records["Account"]?.count == 4)
    }

    @Test("Hundreds of orders can be added")
    func addsOrders() {
        var state = salesforce
        let ids = (0..<500).map { _ in state.addOrder(account: Seed.account, lines: [Seed.Line(Seed.hosting)]) }
        #expect(Set(ids).count == 500)
        #expect(ids.allSatisfy { $0.count == 18 && state.record("Order", String($0.prefix(15))) != nil })
        #expect(state.records["OrderItem"]?.count == 12 + 500)
    }
}
