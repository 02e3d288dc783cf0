import AWS
import Basics
import JSON
import Salesforce

/// The right of one run to work on one order, until its invocation ends. The functions here are the transitions of an
/// order under way, and nothing else writes the attributes that they write.
///
/// Each is conditional on the lease: a run that was taken for dead stops before it changes anything more.
struct Lease {
    struct Lost: Error, CustomStringConvertible {
        let description = "another run has the order's lease"
    }

    private(set) var order: LedgerOrder
    private let owner: String
    private let ledger: Ledger

    init(_ order: LedgerOrder, owner: String, ledger: Ledger) {
        self.order = order
        self.owner = owner
        self.ledger = ledger
    }

    /// Checks that the lease still holds. Reads take time: a run confirms after them, before it changes anything outside.
    mutating func confirm() throws {
        try write([:])
    }

    private mutating func write(_ update: ItemUpdate) throws {
        var update = update
        update[.updatedAt] = .milliseconds(ledger.now())
        let result = try ledger.table.write(
            .update(ItemKey.order(order.id), update, if: .equal(.leaseOwner, .string(owner))))
        guard case .written(let item) = result, let order = try ledger.read(item) else { throw Lost() }
        self.order = order
    }
}

// MARK: Steps

extension Lease {
    mutating func recordPlan(_ plan: Plan) throws {
        try write([.plan: plan.json, .step: .string(Step.mapping.rawValue)])
    }
}

// MARK: AddOrder

extension Lease {
    /// AddOrder is about to be sent. Written first: a run that dies from here on leaves the order in doubt.
    ///
    /// - Parameters:
    ///   - latest: the call may go out until then, also when the run is killed now.
    ///   - client: the WHMCS client.
    ///   - reference: of the marker, unless the order has one.
    mutating func recordAddOrderSending(until latest: Timestamp, client: Int, reference: String) throws {
        try write([
            .addOrder: .string(LedgerOrder.AddOrder.sent.rawValue), .addOrderAt: .milliseconds(latest),
            .addOrderRequestNumber: .number(order.requestNumber), .addOrderSends: .number(order.addOrderSends + 1),
            .addOrderClientID: .number(client), .markerReference: .string(order.markerReference ?? reference),
        ])
    }

    /// WHMCS refused AddOrder, or never received it.
    mutating func recordAddOrderNotCarriedOut() throws {
        try write([
            .addOrder: .string(LedgerOrder.AddOrder.none.rawValue), .addOrderSends: .number(order.addOrderSends - 1),
        ])
    }

    /// The quiet time starts now, since nothing goes out any more.
    mutating func recordAddOrderUnanswered() throws {
        try write([.addOrderAt: .milliseconds(ledger.now())])
    }

    mutating func recordWHMCSOrder(_ id: Int) throws {
        try write([.addOrder: .string(LedgerOrder.AddOrder.added.rawValue), .whmcsOrderID: .number(id)])
    }

    /// WHMCS has the order as planned, with these services.
    mutating func recordCreated(serviceIDs: [Int], unconfirmedUntil: Timestamp?) throws {
        try write([
            .step: .string(Step.create.rawValue), .whmcsServiceIDs: .array(serviceIDs.map { .number($0) }),
            .unconfirmedUntil: .milliseconds(unconfirmedUntil),
        ])
    }

    /// A person cancelled the order in WHMCS: it is planned and created again.
    mutating func recordWHMCSOrderCancelled(unconfirmedUntil: Timestamp?) throws {
        try write([
            .cancelledWHMCSOrderID: .number(order.whmcsOrderID),
            .unconfirmedUntil: .milliseconds(unconfirmedUntil),
            .whmcsOrderID: .null, .whmcsServiceIDs: .null, .plan: .null, .acceptOrderAt: .null,
            .markerReference: .null, .addOrderSends: .null,
            .addOrder: .string(LedgerOrder.AddOrder.none.rawValue),
        ])
    }
}

// MARK: AcceptOrder

extension Lease {
    /// AcceptOrder is about to be sent; as `recordAddOrderSending`.
    mutating func recordAcceptOrderSending(until latest: Timestamp) throws {
        try write([.acceptOrderAt: .milliseconds(latest)])
    }

    /// WHMCS may work on AcceptOrder from now on, and no call goes out any more.
    mutating func recordAcceptOrderUnanswered() throws {
        try write([.acceptOrderAt: .milliseconds(ledger.now())])
    }

    /// WHMCS refused AcceptOrder, or never received it: none is at work.
    mutating func recordAcceptOrderRefused() throws {
        try write([.acceptOrderAt: .null])
    }

    /// The WHMCS order is Active.
    ///
    /// - Parameter isAnswered: whether AcceptOrder was answered, and no module is at work any more.
    mutating func recordAccepted(isAnswered: Bool) throws {
        var changes: ItemUpdate = [.step: .string(Step.accept.rawValue)]
        if isAnswered { changes[.acceptOrderAt] = .null }
        try write(changes)
    }

    /// A module failed to set a service up; the time for its repair starts now.
    mutating func recordSetupFailed() throws {
        try write([.setupFailedAt: .milliseconds(ledger.now())])
    }
}

// MARK: Status in Salesforce

extension Lease {
    /// A write to the order is about to be sent, and Salesforce may carry it out until then; nil when no write is unconfirmed.
    mutating func recordUnconfirmed(until time: Timestamp?) throws {
        try write([.unconfirmedUntil: .milliseconds(time)])
    }

    /// Salesforce has confirmed Activating.
    mutating func recordActivatingReported(unconfirmedUntil: Timestamp?) throws {
        try write([
            .step: .string(Step.statusUpdate.rawValue), .unconfirmedUntil: .milliseconds(unconfirmedUntil),
        ])
    }
}

// MARK: The end of a run

extension Lease {
    /// Gives the order back; it is due again at `dueAt`.
    ///
    /// - Parameters:
    ///   - failure: why; nil keeps what the order has.
    ///   - countsAsAttempt: false when an outage of all orders stopped the run.
    mutating func release(
        dueAt: Timestamp, after failure: ProvisioningFailure? = nil, countsAsAttempt: Bool = true
    ) throws {
        var changes: ItemUpdate = [.dueAt: .milliseconds(dueAt), .leaseOwner: .null, .leaseUntil: .null]
        changes[.errorCode] = failure.map { .string($0.code.rawValue) }
        changes[.errorMessage] = failure.map { .string($0.message) }
        if !countsAsAttempt { changes[.attempts] = .number(max(0, order.attempts - 1)) }
        try write(changes)
    }

    /// The request has failed. Written before it is reported to Salesforce: the next run must not start again.
    mutating func recordFailure(_ failure: ProvisioningFailure) throws {
        try write([
            .errorCode: .string(failure.code.rawValue), .errorMessage: .string(failure.message),
            .step: .string(Step.failureUpdate.rawValue), .endedAt: .milliseconds(ledger.now()),
        ])
    }

    /// → Provisioned, and Salesforce has confirmed it. An earlier write may overwrite it until `unconfirmedUntil`: the
    /// order stays due then.
    mutating func endProvisioned(unconfirmedUntil: Timestamp?) throws {
        try end(
            .provisioned, dueAt: unconfirmedUntil,
            [
                .step: .string(Step.successUpdate.rawValue), .errorCode: .null, .errorMessage: .null,
                .unconfirmedUntil: .milliseconds(unconfirmedUntil),
            ])
    }

    /// → Failed, and Salesforce has confirmed it; otherwise as `endProvisioned`.
    mutating func endFailed(code: String, unconfirmedUntil: Timestamp?) throws {
        try end(
            .failed, dueAt: unconfirmedUntil, [.unconfirmedUntil: .milliseconds(unconfirmedUntil)], errorCode: code)
    }

    /// → `status`, which Salesforce has not confirmed: the order is due again at `dueAt`; nil when Salesforce does not have
    /// the order any more.
    mutating func endUnreported(_ status: LedgerOrder.Status, dueAt: Timestamp?) throws {
        var changes: ItemUpdate = dueAt == nil ? [.unconfirmedUntil: .null] : [:]
        if status == .provisioned { (changes[.errorCode], changes[.errorMessage]) = (.null, .null) }
        try end(status, dueAt: dueAt, changes, errorCode: status == .failed ? order.errorCode : nil)
    }

    private mutating func end(
        _ status: LedgerOrder.Status, dueAt: Timestamp?, _ update: ItemUpdate, errorCode: String? = nil
    ) throws {
        let now = ledger.now()
        var changes = update
        changes[.status] = .string(status.rawValue)
        changes[.dueAt] = .milliseconds(dueAt)
        if dueAt == nil { changes[.open] = .null }
        (changes[.leaseOwner], changes[.leaseUntil]) = (.null, .null)
        guard order.status != status else { return try write(changes) }
        let isDecided = status == .failed && !order.isOutcomeUnknown
        changes[.endedAt] = .milliseconds(isDecided ? order.endedAt ?? now : now)
        changes[.history] = history(
            of: order, with: status, requestNumber: order.requestNumber, at: now, errorCode: errorCode)
        try write(changes)
    }
}
