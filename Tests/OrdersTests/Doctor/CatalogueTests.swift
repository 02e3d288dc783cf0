import JSON
import TestSupport
import Testbed
import Testing

@testable import Orders

/// The price book against WHMCS's products.
@Suite struct CatalogueTests {
    typealias Case = Illness<ProvisioningHarness>

    static let cases: [Case] = [
        Case(
            name: "products without an id or with a wrong cycle",
            change: { harness in
                harness.sell("Carrier Pigeon", nil, "Monthly")
                harness.sell("Lunar Hosting", 185, "Fortnightly")
            }, check: "catalogue: orders",
            detail: #"2 of 6 products cannot be ordered: "Fortnightly" is not a WHMCS billing cycle (Lunar Hosting); "#
                + "it has no WHMCS product id (Carrier Pigeon)",
            help: "Correct the product in Salesforce"),
        Case(
            name: "missing", change: { harness in for name in ["A", "B"] { harness.sell(name, 190, "Monthly") } },
            check: "catalogue: orders", detail: "2 of 6 products cannot be ordered: WHMCS has no product 190 (A, B)"),
        Case(
            name: "cycle off", change: { $0.sell("Weekly", 185, "Quarterly") }, check: "catalogue: orders",
            detail: "WHMCS does not sell product 185 quarterly in USD (Weekly)"),
        Case(
            name: "currency", variables: ["SF_CURRENCY": "EUR"], check: "catalogue: orders",
            detail: "WHMCS does not sell product 185 monthly in EUR (Web Hosting)"),
        Case(
            name: "currency of the entry",
            change: { harness in
                harness.salesforce.update { $0.hasCurrencies = true }
                harness.sell("Import", 185, "Monthly", currency: "EUR")
            }, check: "catalogue: orders", detail: "WHMCS does not sell product 185 monthly in EUR (Import)"),
        Case(
            name: "price", change: { $0.sell("Bargain", 185, "Monthly", price: 5) }, check: "catalogue: prices",
            detail: "prices that differ: 1: Bargain: Salesforce 5, WHMCS 9.90 USD", help: "WHMCS bills its own price"),
        Case(
            name: "price that Salesforce sets",
            variables: ["WHMCS_PRICE_FROM_SALESFORCE": "true", "SF_CURRENCY": "USD"],
            change: { $0.sell("Bargain", 185, "Monthly", price: 5) }, check: "catalogue: prices", isOK: true,
            detail: "those of Salesforce count"),
        Case(
            name: "no price where Salesforce sets it",
            variables: ["WHMCS_PRICE_FROM_SALESFORCE": "true", "SF_CURRENCY": "USD"],
            change: { $0.sell("Priceless", 185, "Monthly", price: nil) }, check: "catalogue: orders",
            detail: "it has no price (Priceless)"),
        Case(
            name: "no marker field", variables: ["WHMCS_MARKER_FIELD": "Salesforce Order"], check: "WHMCS marker field",
            detail: "no custom field Salesforce Order on the order form: Virtual Server",
            help: "Create the product custom field in WHMCS"),
        Case(
            name: "empty price book", variables: ["PORTAL_PRICEBOOK_ID": "01sDn000000ZzZzIAK"], check: "catalogue",
            detail: "no active product", help: "Add entries to the price book"),
        Case(
            name: "fields of the order line",
            variables: ["SF_FIELD_PRODUCT": "OrderItem.Billing_Cycle__c"], check: "catalogue", isOK: nil,
            detail: "in no price book"),
        Case(
            name: "cycle of the order line", variables: ["SF_FIELD_BILLING_CYCLE": "OrderItem.Billing_Cycle__c"],
            check: "catalogue: orders", isOK: true, detail: "4 products of the price book can be ordered"),
        Case(
            name: "WHMCS does not answer", change: { $0.answer("GetProducts", .timedOut) }, check: "catalogue",
            detail: "did not answer GetProducts", help: "Check WHMCS_API_URL"),
    ]

    @Test("Each drift is found", arguments: cases) func finds(_ illness: Case) throws {
        let harness = try ProvisioningHarness.healthy(illness.variables)
        try illness.change(harness)
        let findings = try harness.doctor("catalogue")
        findings.expect(illness)
    }

    @Test("A hundred faults fill no more than some lines") func bounded() throws {
        let harness = try ProvisioningHarness.healthy()
        for number in 1...30 { harness.sell("Same \(number)", 999, "Monthly") }
        for number in 1...30 { harness.sell("Other \(number)", 1000 + number, "Monthly") }
        let detail = try #require(try harness.doctor("catalogue").detail("catalogue: orders"))
        #expect(detail.hasPrefix("60 of 64 products cannot be ordered: WHMCS has no product 999 (Same 1, "))
        #expect(detail.contains(" and 20 more); "))
        #expect(detail.hasSuffix(" and 11 more"))
        #expect(detail.count < 3_000)
    }

    @Test("WHMCS is asked for 100 products at a time") func manyProducts() throws {
        let harness = try ProvisioningHarness.healthy()
        for number in 1...150 { harness.sell("P \(number)", 2000 + number, "Monthly") }
        let detail = try harness.doctor("catalogue").detail("catalogue: orders")
        #expect(detail?.hasPrefix("150 of 154 products cannot be ordered") == true)
        #expect(harness.count("GetProducts") == 2)
    }

    @Test(
        "The daily look alerts of what it finds, and names no product",
        arguments: [
            (185, nil as String?, false), (190, "The catalogues of Salesforce and WHMCS have drifted apart", false),
            (185, "The catalogues of Salesforce and WHMCS could not be compared", true),
        ])
    func alerts(_ product: Int, _ alert: String?, _ isTokenRevoked: Bool) throws {
        let harness = try ProvisioningHarness.healthy()
        harness.sell("Hosting for Jane Doe", product, "Monthly")
        if isTokenRevoked { harness.salesforce.revokeTokens() }
        let findings = try harness.doctor("catalogue")
        #expect(harness.alerts == [alert].compactMap(\.self))
        #expect(findings.isOK == (alert == nil))
        #expect(harness.log.messages.contains("catalogue checked") == (alert != nil))
        // Whoever asks for everything reads the answer.
        _ = try harness.doctor()
        #expect(harness.alerts.count == (alert == nil ? 0 : 1))
    }
}

extension ProvisioningHarness {
    /// Adds a product to the price book.
    func sell(_ name: String, _ product: Int?, _ cycle: String, price: Double? = 9.9, currency: String = "USD") {
        salesforce.update { state in
            let id = state.add(
                "Product2",
                [
                    "Name": .string(name), "WH_Product_ID__c": .number(product), "Billing_Cycle__c": .string(cycle),
                    "IsActive": true,
                ])
            state.add(
                "PricebookEntry",
                [
                    "Product2Id": .string(id), "Pricebook2Id": .string(Seed.pricebook), "IsActive": true,
                    "UnitPrice": price.map(JSON.number) ?? .null, "CurrencyIsoCode": .string(currency),
                ])
        }
    }
}
