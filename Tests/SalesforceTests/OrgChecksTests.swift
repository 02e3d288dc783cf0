import HTTP
import TestSupport
import Testing

@testable import Salesforce

@Suite struct OrgChecksTests {
    @Test(
        "The usage is in a header, if it is there",
        arguments: [
            ("api-usage=25/15000", APIUsage(header: "api-usage=25/15000")),
            ("api-usage=25/15000; per-app-api-usage=17/250(appName=sample)", APIUsage(header: "api-usage=25/15000")),
            ("per-app-api-usage=17/250(appName=sample)", nil), ("api-usage=25/0", nil), ("api-usage=x/y", nil),
            ("api-usage=25", nil), ("", nil), (nil, nil),
        ] as [(String?, APIUsage?)])
    func usage(_ header: String?, _ expected: APIUsage?) throws {
        let headers = header.map { [Header("Sforce-Limit-Info", $0)] } ?? []
        let http = FakeHTTPClient([.answer(200, "{}", headers: headers)])
        #expect(try http.salesforce.apiUsage() == expected)
        #expect(APIUsage(header: "api-usage=25/15000").map { [$0.used, $0.limit] } == [25, 15_000])
    }

    @Test(
        "What is no description is unreadable",
        arguments: ["{}", #"{"name":"Order"}"#, #"{"name":"Order","fields":[{"name":"Id"}]}"#, "[]"])
    func unreadable(_ body: String) {
        #expect(throws: SalesforceFailure.unreadable(doing: "describing Order")) {
            _ = try FakeHTTPClient(body).salesforce.describe("Order")
        }
    }

    @Test("A query names the price book, or none") func queries() throws {
        let empty = #"{"totalSize":0,"done":true,"records":[]}"#
        let http = FakeHTTPClient(empty, empty, empty, empty)
        let book = try #require(RecordID("01sDn000000AbCdIAK"))
        #expect(try http.salesforce.newestOrder(of: nil) == nil)
        #expect(try http.salesforce.newestOrder(of: book) == nil)
        #expect(try http.salesforce.catalogue(of: nil, selecting: ["UnitPrice"]).isEmpty)
        #expect(try http.salesforce.catalogue(of: book, selecting: ["UnitPrice", "unitprice"]).isEmpty)
        let named = http.requests.map { $0.url.contains("Pricebook2Id%20%3D%20%2701sDn000000AbCdIAK%27") }
        #expect(named == [false, true, false, true])
        #expect(http.requests[3].url.contains("SELECT%20Id%2C%20UnitPrice%20FROM%20PricebookEntry"))
    }
}
