extension Alert {
    /// The kinds of alerts, by the heading that each has under "Alerts" in deploy/RUNBOOK.md: letters and spaces only.
    enum Kind: String, CaseIterable {
        case orderNotProvisioned = "Order not provisioned"
        case moduleFailed = "A module failed"
        case notSetUpYet = "Accepted and not set up yet"
        case duplicate = "Duplicate WHMCS order"
        case duplicateNotCancelled = "Duplicate not cancelled"
        case foreignNote = "A note of another order"
        case statusNotTaken = "Status not taken"
        case orderGone = "Provisioned order gone"
        case linesGone = "Provisioned lines gone"
        case unknownOrder = "Event of an unknown order"
        case unreadableEvent = "Unreadable event"
        case notPublished = "Due orders not published"
        case doesNotAnswer = "A system does not answer"
        case addOrderDoesNotAnswer = "AddOrder does not answer"
        case refuses = "A system refuses the suite"
        case answersAgain = "A system answers again"
        case catalogue = "Catalogue drift"

        /// What a person does about it, in one sentence.
        func nextStep(_ code: ErrorCode?) -> String {
            switch self {
            case .orderNotProvisioned: Self.nextStep(notProvisioned: code)
            case .moduleFailed:
                "Fix the cause that the order's error message names, then repeat the action in WHMCS's module queue."
            case .notSetUpYet:
                "Find out from the log's line \"run failed\" what WHMCS does not answer or allow, and fix it."
            case .duplicate: "If the duplicate is Active, cancel it by hand, with its services and its invoice."
            case .duplicateNotCancelled: "Cancel the duplicate by hand, with its services and its invoice."
            case .foreignNote: "Find out who wrote the note: the suite ignores that WHMCS order."
            case .statusNotTaken:
                "Fix the field, permission or validation rule that the log's line \"Salesforce refused the final status\" names."
            case .orderGone: "Find out who deleted the order, or why the integration user may not see it."
            case .linesGone: "Decide whether the customer keeps what WHMCS has, and cancel the services if not."
            case .unknownOrder:
                "Find out who put the event on the bus or into the queue; after a restore, replay the day."
            case .unreadableEvent: "Fix the sender of the event, then delete the dead letter."
            case .notPublished:
                "If the next rounds fail too, fix the cause in the log's line \"due orders not published\"."
            case .doesNotAnswer: "Fix that system; the orders continue by themselves."
            case .addOrderDoesNotAnswer: "Look at what AddOrder calls in WHMCS: gateways, hooks, fraud checks."
            case .refuses: "Fix what the log's line \"run failed\" names, then publish all orders again."
            case .catalogue: "Run deploy/doctor: it names the products, and what helps."
            case .answersAgain: "Nothing, except for orders that had failed before: request them again."
            }
        }

        private static func nextStep(notProvisioned code: ErrorCode?) -> String {
            switch code {
            case .whmcsRejected:
                "Check WHMCS's address list, the API credentials and their role, then request the order again."
            case .whmcsOutcomeUnknown: "Look in WHMCS whether the order exists before anybody requests it again."
            case .whmcsUnavailable, .salesforceUnavailable: "Request the order again when that system answers."
            case .whmcsSetupFailed:
                "Fix the module, repeat the action in WHMCS's module queue, then request the order again."
            case .salesforceRejected:
                "Fix what Salesforce refuses to the integration user, then request the order again."
            default: "Give the order's error message to a developer."
            }
        }

        /// The heading's anchor, as GitHub and GitLab make it.
        var anchor: String { rawValue.lowercased().split(separator: " ").joined(separator: "-") }
    }
}
