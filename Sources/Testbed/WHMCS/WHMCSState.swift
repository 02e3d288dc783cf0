import Basics

extension WHMCSSimulator {
    public struct Client: Identifiable, Sendable, Equatable {
        public var id: Int
        public var name: String
        /// Active, Inactive or Closed.
        public var status: String
        /// Custom field id → value.
        public var customFields: [Int: String]
        /// The system name of the client's own gateway; empty when the client has none.
        public var defaultGateway = ""

        public init(id: Int, name: String, status: String = "Active", customFields: [Int: String] = [:]) {
            self.id = id
            self.name = name
            self.status = status
            self.customFields = customFields
        }
    }

    public struct Product: Sendable, Equatable {
        public enum Quantity: Int, Sendable {
            /// WHMCS ignores the quantity.
            case no
            /// A quantity of n makes n services.
            case multipleServices
            /// A quantity of n makes one service at n times the price.
            case scalingService
        }

        public struct ConfigOption: Sendable, Equatable {
            public enum Kind: Int, Sendable {
                case dropdown = 1
                case radio, yesNo, quantity
            }

            public var id: Int
            public var name: String
            public var kind: Kind
            /// Option id → name.
            public var options: [Int: String]
            /// The bounds of a quantity.
            public var range: ClosedRange<Int>

            public init(
                id: Int, name: String, kind: Kind, options: [Int: String] = [:], range: ClosedRange<Int> = 0...0
            ) {
                self.id = id
                self.name = name
                self.kind = kind
                self.options = options
                self.range = range
            }
        }

        public var pid: Int
        public var name: String
        /// hostingaccount, reselleraccount, server or other.
        public var type: String
        /// recurring, onetime or free.
        public var payType: String
        /// Cycle → price. A cycle without a price is disabled. The price of a one-time product is the monthly one.
        public var prices: [String: String]
        /// Custom field id → name.
        public var customFields: [Int: String]
        public var requiredCustomFields: Set<Int> = []
        public var configOptions: [ConfigOption]
        public var quantity: Quantity

        public init(
            pid: Int, name: String, type: String = "other", payType: String, prices: [String: String],
            customFields: [Int: String] = [:], configOptions: [ConfigOption] = [], quantity: Quantity = .no
        ) {
            self.pid = pid
            self.name = name
            self.type = type
            self.configOptions = configOptions
            self.payType = payType
            self.prices = prices
            self.customFields = customFields
            self.quantity = quantity
        }
    }

    public struct Order: Identifiable, Sendable, Equatable {
        public var id: Int
        /// The number that customers see: ten random digits.
        public var number: String
        public var clientId: Int
        /// Pending, Active, Fraud, Cancelled or a custom status.
        public var status: String
        public var notes: String
        public var paymentMethod: String
        public var amount: String
        /// 0 when there is no invoice.
        public var invoiceId: Int
        /// Whether the client got an e-mail about the order.
        public var isConfirmed = true
        /// In the server's time zone, `2026-11-20 10:15:30`.
        public var date: String
    }

    public struct Service: Identifiable, Sendable, Equatable {
        public var id: Int
        public var orderId: Int
        public var clientId: Int
        public var pid: Int
        public var quantity: Int
        /// As requests name it: monthly, semiannually, onetime.
        public var billingCycle: String
        public var status: String
        public var amount: String
        public var domain: String
        public var customFields: [Int: String]
        /// As in the request's serialised map.
        public var configOptions: [String: String]
        public var password: String
    }

    public struct PayMethod: Sendable, Equatable {
        public var id: Int
        public var clientId: Int
        /// CreditCard, RemoteCreditCard, BankAccount or RemoteBankAccount.
        public var type: String
    }

    /// An action that a module failed to carry out, until a person repeats it.
    public struct FailedAction: Sendable, Equatable {
        public var serviceId: Int
        public var action: String
        public var error: String
    }

    /// Everything that the installation stores. It is a value, so a snapshot does not change.
    public struct State: Sendable {
        public var clients: [Client] = []
        public var products: [Product] = []
        /// Active gateways: system name → display name.
        public var gateways: [String: String] = [:]
        public var payMethods: [PayMethod] = []
        /// Oldest first. `add` appends.
        public var orders: [Order] = []
        /// Oldest first. `add` appends.
        public var services: [Service] = []
        /// Product → what its module answers instead of setting a service up.
        public var moduleErrors: [Int: String] = [:]
        public internal(set) var moduleQueue: [FailedAction] = []
        /// Products that are set up when the customer has paid.
        public var productsSetUpOnPayment: Set<Int> = []
        /// The action of every request in the order of arrival; empty where a request has none.
        public internal(set) var actions: [String] = []

        private var lastId = 1000
        private var index = RowIndex()

        public init() {}

        public func client(_ id: Int) -> Client? { clients.row(id) }
        public func product(_ pid: Int) -> Product? { products.first { $0.pid == pid } }
        public func order(_ id: Int) -> Order? { orders.row(id) }
        public func services(ofOrder id: Int) -> [Service] { services.rows(index.servicesOfOrder[id]) }

        /// The orders with that id, of that client; nil for any.
        func orders(id: Int?, client: Int?) -> [Order] {
            if let id { return orders.rows([id]).filter { client ?? $0.clientId == $0.clientId } }
            return client.map { orders.rows(index.ordersOfClient[$0]) } ?? orders
        }

        /// The services with that id, of that client; nil for any.
        func services(id: Int?, client: Int?) -> [Service] {
            if let id {
                return services.rows([id]).filter { client ?? $0.clientId == $0.clientId }
            }
            return client.map { services.rows(index.servicesOfClient[$0]) } ?? services
        }

        mutating func add(_ order: Order) {
            index.ordersOfClient[order.clientId, default: []].append(order.id)
            orders.append(order)
        }

        mutating func add(_ service: Service) {
            index.servicesOfClient[service.clientId, default: []].append(service.id)
            index.servicesOfOrder[service.orderId, default: []].append(service.id)
            services.append(service)
        }

        /// An order that a customer made, of one service.
        package mutating func addOrder(client: Int, notes: String) -> Order {
            let order = Order(
                id: newId(), number: "1000000000", clientId: client, status: "Pending", notes: notes,
                paymentMethod: "mailin", amount: "9.90", invoiceId: 0, date: "2026-11-20 10:15:30")
            add(order)
            add(
                Service(
                    id: newId(), orderId: order.id, clientId: client, pid: 185, quantity: 1, billingCycle: "monthly",
                    status: "Pending", amount: "9.90", domain: "", customFields: [:], configOptions: [:],
                    password: ""))
            return order
        }

        private func positions(ofServicesOf order: Int) -> [Int] {
            index.servicesOfOrder[order, default: []].compactMap(services.position)
        }

        mutating func newId() -> Int {
            lastId += 1
            return lastId
        }

        /// Makes the order Active and sets its services up. One whose module fails stays Pending, with an entry in the
        /// module queue.
        ///
        /// - Parameter autoSetup: instead of what each product says.
        mutating func accept(order id: Int, autoSetup: Bool?) {
            if let position = orders.position(of: id) { orders[position].status = "Active" }
            for position in positions(ofServicesOf: id) {
                guard autoSetup ?? !productsSetUpOnPayment.contains(services[position].pid) else { continue }
                setUp(position)
            }
        }

        /// A person repeats every action of the module queue.
        public mutating func retryModuleQueue() {
            let waiting = Set(moduleQueue.map(\.serviceId))
            moduleQueue = []
            for position in services.indices where waiting.contains(services[position].id) { setUp(position) }
        }

        private mutating func setUp(_ position: Int) {
            guard let error = moduleErrors[services[position].pid] else { return services[position].status = "Active" }
            moduleQueue.append(
                FailedAction(serviceId: services[position].id, action: "CreateAccount", error: error))
        }

        /// Sets the status of an order and of its services.
        mutating func setStatus(ofOrder id: Int, _ status: String) {
            if let position = orders.position(of: id) { orders[position].status = status }
            for position in positions(ofServicesOf: id) { services[position].status = status }
        }
    }
}

/// The format of WHMCS: the server's time without a zone.
func whmcsTime(_ time: Timestamp) -> String {
    "\(time.iso8601.prefix(10)) \(time.iso8601.dropFirst(11).prefix(8))"
}
