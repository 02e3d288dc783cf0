import JSON
import Testbed

/// Salesforce and WHMCS fail.
extension Incident {
    static let whmcsDown = Incident(name: "whmcs-down", title: "WHMCS answers every call with 503 for 35 minutes") {
        stage in
        let whmcs = stage.testbed.whmcs
        let first = try stage.click()
        try stage.pass(until: first, settleWithin: 2)
        stage.did("WHMCS goes down for maintenance; 6 orders are requested")
        whmcs.failNext(.maintenance, times: .max)
        let orders = try stage.click(6)
        try stage.pass(minutes: 35)
        stage.expectAlert("WHMCS does not answer since")
        stage.expectAlarm("orders-overdue")
        stage.did("WHMCS is back; nobody does anything else")
        whmcs.clearFaults()
        let minutes = try stage.pass(until: orders, settleWithin: 20)
        stage.recovered(in: minutes, by: "by itself")
        stage.expectAlert("WHMCS answers again")
        try stage.expectProvisionedOnce(first + orders)
    }

    static let moduleServerDown = Incident(
        name: "module-server-down", title: "the server that a product's module calls does not answer"
    ) { stage in
        let whmcs = stage.testbed.whmcs
        func repair() {
            whmcs.update { state in
                state.moduleErrors = [:]
                state.retryModuleQueue()
            }
        }
        let failure = [185: "The panel does not answer"]
        stage.did("the panel goes down; an order is requested")
        whmcs.update { $0.moduleErrors = failure }
        let early = try stage.click()
        try stage.pass(minutes: 20)
        stage.expectAlert("A module failed to set up a service")
        stage.did("the panel is back; a person repeats the action in WHMCS's module queue, and publishes the order")
        repair()
        try stage.harness.recover(["orderId": .string(early[0].id)])
        try stage.pass(until: early, settleWithin: 1)

        stage.did("the panel goes down again; an order is requested, and nobody repairs it within WhmcsSetupTime")
        whmcs.update { $0.moduleErrors = failure }
        let late = try stage.click()
        try stage.pass(until: late, settleWithin: 75)
        stage.expectAlert("Order not provisioned")
        stage.expectAlarm("orders-overdue")
        try stage.expectFailed(late[0], "WHMCS_SETUP_FAILED")
        stage.did("a person repeats the action, and requests the order again")
        repair()
        try stage.click(late[0].id)
        stage.recovered(in: try stage.pass(until: late, settleWithin: 5), by: "by the new request")
        try stage.expectProvisionedOnce(early + late)
    }

    static let tokenRevoked = Incident(
        name: "token-revoked", title: "Salesforce revokes the token, then refuses the app for an hour"
    ) { stage in
        let salesforce = stage.testbed.salesforce
        let first = try stage.click()
        try stage.pass(until: first, settleWithin: 2)
        stage.did("Salesforce revokes the token; an order is requested")
        salesforce.revokeTokens()
        let second = try stage.click()
        try stage.pass(until: second, settleWithin: 1)
        stage.expectQuiet()
        stage.did("\(second[0].id) is Provisioned with a new token")

        stage.did("an admin revokes the app too: Salesforce grants no token; 4 orders are requested")
        salesforce.revokeTokens()
        let refusal = #"{"error":"invalid_grant","error_description":"user hasn't approved this consumer"}"#
        salesforce.failNext(.answer(400, refusal), on: "/services/oauth2/token", times: .max)
        let orders = try stage.click(4)
        try stage.pass(minutes: 62)
        stage.expectAlert("Salesforce does not answer")
        stage.expect(
            stage.harness.log("provision-order").contains {
                $0["errorMessage"]?.string?.contains("hasn't approved this consumer") == true
            }, "the log does not have Salesforce's reason")
        stage.expectAlarm("failed-invocations")
        stage.expectAlarm("orders-overdue")
        stage.did("the app is approved again; a person publishes all orders, and once more")
        salesforce.clearFaults()
        try stage.publishAll()
        try stage.pass(minutes: 1)
        try stage.publishAll()
        let minutes = try stage.pass(until: orders, settleWithin: 15)
        stage.expectAlert("Salesforce answers again")
        stage.recovered(in: minutes.map { $0 + 1 }, by: "by publishing all orders")
        let letters = try stage.drainQueue(of: "failed-invocations")
        stage.did("deploy/redrive sends \(letters.count) dead letter of refresh-sf-token again")
        _ = try stage.testbed.invoke("refresh-sf-token", letters.first?["requestPayload"] ?? [:])
        try stage.pass(minutes: 1)
        stage.expectAlarm("failed-invocations", ended: true)
        try stage.expectProvisionedOnce(first + second + orders)
    }
}
