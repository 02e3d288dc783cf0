import Testing

@testable import Orders
@testable import Salesforce
@testable import WHMCS

/// What a line says beyond product, cycle and quantity.
@Suite struct LineDetailsTests {
    private static let server = WHMCS.Product(
        id: 187, type: "server", payType: "recurring", prices: [:],
        customFields: [
            .init(id: 401, name: "Salesforce Order", isRequired: true), .init(id: 403, name: "Label"),
        ],
        configOptions: [.init(id: 71, name: "Memory", kind: .choice([711, 712])), .init(id: 73, kind: .yesNo)])

    private static func details(
        domain: String? = nil, hostname: String? = nil, options: String? = nil, fields: String? = nil,
        quantity: Int = 1, _ product: WHMCS.Product? = server
    ) -> LineDetails {
        var item = MappingTests.item()
        (item.domain, item.hostname, item.configOptions, item.customFields) = (domain, hostname, options, fields)
        return LineDetails(item, quantity: quantity, product: product, markerField: 401)
    }

    @Test("A line without details has no faults") func none() {
        for details in [Self.details(), Self.details(domain: " ", hostname: "", options: "\n", fields: "{}")] {
            #expect((details.domain, details.hostname, details.faults) == (nil, nil, []))
            #expect(details.configOptions.isEmpty && details.customFields.isEmpty)
        }
    }

    @Test("Options and custom fields are JSON objects, id → text or number") func values() {
        let details = Self.details(
            hostname: " web1.a.example ", options: #"{"71": 712, "73": "1"}"#, fields: #" {"403":"Größe"} "#)
        #expect((details.hostname, details.faults) == ("web1.a.example", []))
        #expect(details.configOptions == [71: "712", 73: "1"])
        #expect(details.customFields == [403: "Größe"])
    }

    @Test(
        "A domain has labels of letters, digits and hyphens",
        arguments: [
            ("a.example", true), ("A1-b.Example.COM", true), ("xn--gre-6ka8i.example", true), ("1.example", true),
            ("a." + String(repeating: "b", count: 63), true),
            ("example", false), ("größe.example", false), ("-a.example", false), ("a-.example", false),
            ("a..example", false), (".example", false), ("a.example.", false), ("a b.example", false),
            ("a_b.example", false), ("http://a.example", false), ("a.example/x", false), ("192.0.2.1", false),
            ("a." + String(repeating: "b", count: 64), false),
            (Array(repeating: String(repeating: "b", count: 62), count: 5).joined(separator: "."), false),
        ])
    func domain(_ domain: String, _ isValid: Bool) {
        let faults = Self.details(domain: domain).faults
        let fault = "\"\(domain.prefix(40))\" is not a domain name (an international one needs its xn-- form)"
        #expect(faults == (isValid ? [] : [fault]))
    }

    @Test("A hostname may have one label", arguments: [("web1", true), ("web1.a.example", true), ("web 1", false)])
    func hostname(_ hostname: String, _ isValid: Bool) {
        #expect(Self.details(hostname: hostname).faults == (isValid ? [] : ["\"\(hostname)\" is not a hostname"]))
    }

    @Test(
        "What WHMCS would drop is refused",
        arguments: [
            (details(hostname: "web1", MappingTests.hosting), "product 185 is no server and takes no hostname"),
            (
                details(domain: "a.example", hostname: "web1"),
                "it has a domain and a hostname, and WHMCS keeps only one"
            ),
            (
                details(domain: "a.example", quantity: 2),
                "it has a quantity of 2, and services cannot share a domain or hostname"
            ),
            (
                details(hostname: "web1", quantity: 3),
                "it has a quantity of 3, and services cannot share a domain or hostname"
            ),
            (details(options: "71: 712"), "its configurable options are not a JSON object of ids and values"),
            (details(options: "[71]"), "its configurable options are not a JSON object of ids and values"),
            (details(options: #"{"Memory": 712}"#), "\"Memory\" is not the id of a configurable option"),
            (details(options: #"{"071": 712}"#), "\"071\" is not the id of a configurable option"),
            (details(options: #"{"0": 712}"#), "\"0\" is not the id of a configurable option"),
            (
                details(options: #"{"71": true}"#),
                "the value of configurable option 71 is neither text nor a whole number"
            ),
            (details(options: #"{"99": 1}"#), "product 187 has no configurable option 99"),
            (details(options: #"{"71": 713}"#), "configurable option 71 has no choice 713"),
            (details(fields: #""Label""#), "its custom fields are not a JSON object of ids and values"),
            (details(fields: #"{"Label": "x"}"#), "\"Label\" is not the id of a custom field"),
            (details(fields: #"{"403": null}"#), "the value of custom field 403 is neither text nor a whole number"),
            (details(fields: #"{"403": 1.5}"#), "the value of custom field 403 is neither text nor a whole number"),
            (details(fields: #"{"403": "a\nb"}"#), "the value of custom field 403 has control characters"),
            (details(fields: #"{"404": "x"}"#), "product 187 has no custom field 404 on its order form"),
            (
                details(fields: #"{"401": "x"}"#),
                "custom field 401 of product 187 is WHMCS_MARKER_FIELD, and set by the suite"
            ),
        ])
    func fault(_ details: LineDetails, _ fault: String) {
        #expect(details.faults == [fault])
    }

    @Test("Each fault is reported, not only the first") func faults() {
        #expect(
            Self.details(fields: #"{"404": "x", "401": "y", "405": "z"}"#).faults == [
                "custom field 401 of product 187 is WHMCS_MARKER_FIELD, and set by the suite",
                "product 187 has no custom field 404 on its order form",
                "product 187 has no custom field 405 on its order form",
            ])
    }

    @Test(
        "What the product requires must be there, if Salesforce has a field for it",
        arguments: [
            (nil, nil, []),
            (nil, "", ["product 187 requires custom field 403 (Label)"]),
            (
                "", "",
                [
                    "product 187 requires configurable option 71 (Memory)",
                    "product 187 requires custom field 403 (Label)",
                ]
            ),
            (#"{"71": 711}"#, #"{"403": " "}"#, ["product 187 requires custom field 403 (Label)"]),
            (#"{"71": 711}"#, #"{"403": "x"}"#, []),
        ] as [(String?, String?, [String])])
    func required(_ options: String?, _ fields: String?, _ faults: [String]) {
        var server = Self.server
        server.customFields[1].isRequired = true
        server.configOptions[0].isRequired = true
        #expect(Self.details(options: options, fields: fields, server).faults == faults)
    }

    @Test("Of an unknown product only the form is checked") func unknownProduct() {
        let details = Self.details(hostname: "web1", options: #"{"1": 2, "x": 3}"#, fields: #"{"404": "x"}"#, nil)
        #expect(details.faults == ["\"x\" is not the id of a configurable option"])
    }
}
