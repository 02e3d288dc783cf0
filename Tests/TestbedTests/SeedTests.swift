import Testbed
import Testing

@Suite struct SeedTests {
    let org = SalesforceSimulator.State.seeded
    let shop = WHMCSSimulator.State.seeded

    /// WHMCS product id (nil: none), cycle and quantity of each line.
    func lines(_ order: String) -> [String] {
        let items = org.records["OrderItem"]?.values.filter { $0["OrderId"]?.string == order } ?? []
        return items.sorted { $0["Id"]?.string ?? "" < $1["Id"]?.string ?? "" }.map { item in
            let product = org.record("Product2", item["Product2Id"]?.string ?? "")
            // A program may read the cycle from either.
            let cycle =
                item["Billing_Cycle__c"] == product?["Billing_Cycle__c"] ? item["Billing_Cycle__c"]?.string : nil
            return
                "\(product?["WH_Product_ID__c"]?.stringOrNumber ?? "none") \(cycle ?? "?") \(item["Quantity"]?.stringOrNumber ?? "?")"
        }
    }

    @Test(arguments: [
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
    func ordersTellTheirStory(_ id: String, client: String?, lines expected: [String]) {
        let order = org.record("Order", id)
        #expect(order?["Status"] == "Approved")
        #expect(order?["Pricebook2Id"]?.string == Seed.pricebook)
        #expect(order?["Provisioning_Status__c"] == nil)
        #expect(org.record("Account", order?["AccountId"]?.string ?? "")?["WH_Account__c"]?.string == client)
        #expect(lines(id) == expected)
    }

    @Test func bothSidesKnowTheCustomers() {
        #expect(shop.clients.map(\.status) == ["Active", "Closed", "Active"])
        #expect(shop.payMethods.map(\.clientId) == [1234])
        for (account, client) in [(Seed.account, 1234), (Seed.closedAccount, 1235), (Seed.noPayMethodAccount, 1236)] {
            #expect(
                shop.client(client)?.customFields[Seed.customerNumberField]
                    == org.record("Account", account)?["SF_Account_No__c"]?.string)
        }
    }

    /// Each id is written with the three characters that belong to it.
    @Test func idsAreTheirOwnLongForm() {
        for (type, records) in org.records {
            for id in records.keys { #expect(org.record(type, String(id.prefix(15)))?["Id"]?.string == id) }
        }
        #expect(org.records["Order"]?.count == 6)
        #expect(org.records["Product2"]?.count == 5)
        #expect(org.records["Account"]?.count == 4)
    }

    @Test func moreOrdersAreCheap() {
        var state = org
        let ids = (0..<500).map { _ in state.addOrder(account: Seed.account, lines: [Seed.Line(Seed.hosting)]) }
        #expect(Set(ids).count == 500)
        #expect(ids.allSatisfy { $0.count == 18 && state.record("Order", String($0.prefix(15))) != nil })
        #expect(state.records["OrderItem"]?.count == 12 + 500)
    }
}
