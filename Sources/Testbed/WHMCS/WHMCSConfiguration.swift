import Basics
import JSON

extension WHMCSSimulator {
    /// How long a request takes. WHMCS is PHP on one host: with more requests at once than it has workers, all of them are
    /// slower.
    public struct ResponseTime: Sendable {
        public var milliseconds: Milliseconds
        public var workers: Int

        public init(milliseconds: Milliseconds, workers: Int = 8) {
            self.milliseconds = milliseconds
            self.workers = workers
        }

        /// - Parameter requests: at work, this one included.
        func with(_ requests: Int) -> Milliseconds { milliseconds * max(workers, requests) / workers }
    }

    /// How an installation is set up: who may call what, and how it answers.
    public struct Configuration: Sendable {
        public var identifier: String
        public var secret: String
        /// A caller that sends it may have any address; nil when the installation has none.
        public var accessKey: String?
        /// The addresses that may call; nil for any.
        public var allowedAddresses: Set<String>?
        /// The address that calls appear to come from.
        public var callerAddress = "127.0.0.1"
        /// The actions that the credential's role allows, in any case; nil for all.
        public var permissions: Set<String>?
        /// Whether AddOrder ignores `notes`, a parameter that the documentation does not have.
        public var dropsNotes = false
        /// The order of rows in GetOrders, which is undocumented.
        public var listsOldestFirst = false
        /// Nil: it answers at once.
        public var responseTime: ResponseTime?
        public var responseFormat = ResponseFormat()

        package init(identifier: String, secret: String) {
            self.identifier = identifier
            self.secret = secret
        }

        typealias Action =
            @Sendable (PHPForm, Configuration, inout State) throws(WHMCSRefusal) -> [String: JSON]

        /// By the names of the API reference. Callers may write them in any case.
        private static let actions: [String: Action] = [
            "addorder": addOrder, "acceptorder": acceptOrder, "cancelorder": cancelOrder, "getorders": getOrders,
            "getclientsdetails": getClientsDetails, "getclientsproducts": getClientsProducts,
            "getpaymethods": getPayMethods, "getproducts": getProducts, "getmodulequeue": getModuleQueue,
            "getpaymentmethods": getPaymentMethods,
        ]

        /// Checks the caller's address, then its credentials, and finds the action.
        func action(_ form: PHPForm) throws(WHMCSRefusal) -> Action {
            let hasKey = accessKey.map { $0 == form["accesskey"] } ?? false
            if !hasKey, let allowedAddresses, !allowedAddresses.contains(callerAddress) {
                throw WHMCSRefusal("Invalid IP \(callerAddress)", status: 403)
            }
            // Callers may also send the pair as username and password.
            let givenIdentifier = form["identifier"] + form["username"]
            let givenSecret = form["secret"] + form["password"]
            if givenIdentifier.isEmpty { throw WHMCSRefusal("Authentication Failed", status: 403) }
            if givenIdentifier != identifier { throw WHMCSRefusal("Invalid or missing credentials", status: 403) }
            if givenSecret != secret { throw WHMCSRefusal("Authentication Failed", status: 403) }

            let name = form["action"].lowercased()
            if name.isEmpty { throw WHMCSRefusal("Empty action request", status: 400) }
            guard let action = Self.actions[name] else {
                // The status of this refusal is not documented.
                throw WHMCSRefusal(
                    "Invalid API Action: \"\(form["action"])\" is not a valid API action", status: 400)
            }
            if let permissions, !permissions.contains(where: { $0.lowercased() == name }) {
                throw WHMCSRefusal("Invalid Permissions: API action \"\(name)\" is not allowed", status: 403)
            }
            return action
        }
    }
}
