import Basics
import HTTP
import JSON
import TestSupport
import Testbed
import Testing

@testable import Orders

/// `{"doctor": true}` of refresh-sf-token.
@Suite struct TokenDoctorTests {
    typealias Case = Illness<RefreshHarness>

    @Test("A healthy program passes every check and stores nothing", arguments: ["jwt-bearer", "client-credentials"])
    func healthy(_ flow: String) throws {
        let harness = try RefreshHarness(["SF_AUTH_FLOW": flow, "SF_ORGANIZATION_ID": "00Dn00000012AbC"])
        let findings = Findings(try harness.handle(["doctor": true]))
        #expect(findings.isOK == true)
        #expect(
            findings.names(true) == [
                "ledger", "Salesforce key or secret", "Salesforce login", "Salesforce organization",
            ])
        #expect(findings.detail("Salesforce key or secret") == "for the flow \(flow)")
        #expect(findings.detail("Salesforce login") == "the instance is \(harness.salesforce.url)")
        #expect(harness.salesforce.state.tokensIssued == 1)
        #expect(try harness.token() == nil)
        #expect(try harness.aws.keys() == [])
        // The token works, so nobody has revoked it.
        #expect(harness.salesforce.state.tokens.count == 1)
    }

    @Test("A lease that another invocation holds is left alone") func lease() throws {
        let harness = try RefreshHarness()
        let item: [String: JSON] = [
            "leaseOwner": "another", "leaseUntil": .milliseconds(harness.network.now + 9_000), "updatedAt": 1,
        ]
        try harness.aws.set("token", item)
        #expect(Findings(try harness.handle(["doctor": true])).isOK == true)
        #expect(try harness.aws.item("token")?.filter { $0.key != "pk" } == item)
    }

    static let cases: [Case] = [
        Case(
            name: "no key", change: { try $0.aws.deleteParameter("key") }, check: "Salesforce key or secret",
            detail: "SF_PRIVATE_KEY_PARAMETER names a parameter that does not exist", help: "Store the app's PEM key"),
        Case(
            name: "no secret", variables: ["SF_AUTH_FLOW": "client-credentials"],
            change: { try $0.aws.deleteParameter("client-secret") }, check: "Salesforce key or secret",
            detail: "SF_CLIENT_SECRET_PARAMETER names", help: "Store the app's PEM key"),
        Case(
            name: "no PEM", change: { try $0.aws.put("key", "secret") }, check: "Salesforce key or secret",
            detail: "not an unencrypted PEM key", help: "Store the app's PEM key"),
        Case(
            name: "no PEM, login", change: { try $0.aws.put("key", "secret") }, check: "Salesforce login", isOK: nil,
            detail: "nothing to log in with"),
        Case(
            name: "no right to the key",
            change: { harness in
                harness.network.before = { request in
                    request.action == "GetParameters" ? .answer(400, #"{"__type":"AccessDeniedException"}"#) : nil
                }
            }, check: "Salesforce key or secret", detail: "AccessDeniedException", help: "role lacks a right"),
        Case(
            name: "no table",
            change: { harness in
                harness.network.before = { request in
                    request.action == "UpdateItem" ? .answer(400, #"{"__type":"ResourceNotFoundException"}"#) : nil
                }
            }, check: "ledger", detail: "UpdateItem was refused", help: "creates what is missing"),
        Case(
            name: "unknown app", variables: ["SF_CLIENT_ID": "another"], check: "Salesforce login",
            detail: "client identifier invalid", help: "Copy the consumer key"),
        Case(
            name: "user without approval", variables: ["SF_USERNAME": "another@example.com"], check: "Salesforce login",
            detail: "hasn't approved", help: "Pre-authorize the user"),
        Case(
            name: "login ranges",
            change: { harness in
                harness.network.before = { request in
                    request.url.hasSuffix("/token")
                        ? .answer(400, #"{"error":"invalid_grant","error_description":"ip restricted"}"#) : nil
                }
            }, check: "Salesforce login", detail: "ip restricted",
            help: "give the functions a fixed one (a VPC with NAT)"),
        Case(
            name: "foreign instance",
            change: { harness in
                harness.network.before = { request in
                    request.url.hasSuffix("/token")
                        ? .answer(200, #"{"access_token":"t","instance_url":"https://example.com"}"#) : nil
                }
            }, check: "Salesforce login", detail: "not in Salesforce's domain", help: "refresh-sf-token"),
        Case(
            name: "another organization", variables: ["SF_ORGANIZATION_ID": "00Dn00000099AbC"],
            check: "Salesforce organization", detail: "another organization",
            help: "the organization that SF_ORGANIZATION_ID names"),
        Case(
            name: "no organization is configured", check: "Salesforce organization", isOK: true,
            detail: "SF_ORGANIZATION_ID is not set"),
    ]

    @Test("Each fault is found by its check, with what helps", arguments: cases) func finds(_ illness: Case) throws {
        let harness = try RefreshHarness(illness.variables)
        try illness.change(harness)
        let findings = Findings(try harness.handle(["doctor": true]))
        findings.expect(illness)
        #expect(try harness.token() == nil)
    }

    @Test("A key that was stored since the last event counts") func freshKey() throws {
        let harness = try RefreshHarness(key: "none")
        #expect(Findings(try harness.handle(["doctor": true])).isOK == false)
        try harness.aws.put("key", try RefreshHarness.keys.get().key)
        #expect(Findings(try harness.handle(["doctor": true])).isOK == true)
    }
}
