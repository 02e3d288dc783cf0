import Testing

@testable import Testbed

@Suite struct RouterTests {
    private let router = Router(
        routes: [
            ("POST", "/orders/{sfOrderId}/fulfill"), ("GET", "/orders/{sfOrderId}"), ("GET", "/orders/latest"),
            ("ANY", "/orders/{sfOrderId}"), ("GET", "/files/{rest+}"), ("GET", "/health"),
        ].map { Router.Route(method: $0.0, path: $0.1, payloadFormatVersion: "2.0") })

    @Test(
        "A request takes its most specific route",
        arguments: [
            ("POST", "/orders/801/fulfill", "POST /orders/{sfOrderId}/fulfill", ["sfOrderId": "801"]),
            ("GET", "/orders/801", "GET /orders/{sfOrderId}", ["sfOrderId": "801"]),
            ("DELETE", "/orders/801", "ANY /orders/{sfOrderId}", ["sfOrderId": "801"]),
            ("GET", "/orders/latest", "GET /orders/latest", [:]),
            ("GET", "/orders/a%2Fb%20c", "GET /orders/{sfOrderId}", ["sfOrderId": "a/b c"]),
            ("GET", "/files/a/b/c", "GET /files/{rest+}", ["rest": "a/b/c"]),
            ("GET", "/health", "GET /health", [:]),
        ])
    func takesTheMostSpecificRoute(method: String, path: String, key: String, parameters: [String: String]) throws {
        let match = try #require(router.match(method, path))
        #expect(match.route.key == key)
        #expect(match.parameters == parameters)
    }

    @Test(
        "Other requests have no route",
        arguments: [
            ("GET", "/"), ("GET", "/orders"), ("GET", "/orders/"), ("PUT", "/orders/801/fulfill"), ("POST", "/health"),
            ("GET", "/health/"), ("GET", "/files"), ("POST", "/orders/801/fulfill/more"),
        ])
    func findsNoRoute(method: String, path: String) {
        #expect(router.match(method, path) == nil)
    }

    @Test("The default route takes the other requests")
    func takesTheDefaultRoute() {
        let router = Router(
            routes: router.routes + [Router.Route(method: "ANY", path: "$default", payloadFormatVersion: "2.0")])
        #expect(router.match("PUT", "/anything")?.route.key == "$default")
        #expect(router.match("GET", "/health")?.route.key == "GET /health")
    }
}
