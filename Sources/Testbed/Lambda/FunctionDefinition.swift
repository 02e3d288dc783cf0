/// A function as template.yaml has it.
public struct FunctionDefinition: Sendable, Decodable {
    /// The program's name, `verify-signature`.
    public var name: String
    /// The name in AWS.
    public var functionName: String
    /// Seconds.
    public var timeout: Int
    /// MB. Told to the program, not enforced.
    public var memory: Int
    /// Nil: as many at once as the account allows.
    public var reservedConcurrency: Int?
    public var environment: [String: String]
    public var routes: [Route]
    public var schedules: [Schedule]
    public var taps: [Tap]
    /// Tries of an asynchronous event after the first.
    public var maximumRetryAttempts: Int
    /// Seconds that an asynchronous event may wait.
    public var maximumEventAge: Int
    /// Where an asynchronous event goes that could not be handled.
    public var onFailureQueueUrl: String?

    public struct Route: Sendable, Decodable {
        public var method: String
        public var path: String
        public var payloadFormatVersion: String

        public init(method: String, path: String, payloadFormatVersion: String = "2.0") {
            self.method = method
            self.path = path
            self.payloadFormatVersion = payloadFormatVersion
        }
    }

    public struct Schedule: Sendable, Decodable {
        public var name: String
        public var seconds: Double
        /// Sent instead of the scheduled event.
        public var input: String?
        public var deadLetterQueueUrl: String?
    }

    /// A queue that stands where the rule's Lambda target would: moto can't invoke a custom runtime.
    public struct Tap: Sendable, Decodable {
        public var rule: String
        public var queueUrl: String
        public var deadLetterQueueUrl: String?
    }

    public init(
        name: String, functionName: String? = nil, timeout: Int = 10, memory: Int = 128,
        reservedConcurrency: Int? = nil, environment: [String: String] = [:], routes: [Route] = [],
        schedules: [Schedule] = [], taps: [Tap] = [], maximumRetryAttempts: Int = 2, maximumEventAge: Int = 21_600,
        onFailureQueueUrl: String? = nil
    ) {
        self.name = name
        self.functionName = functionName ?? name
        self.timeout = timeout
        self.memory = memory
        self.reservedConcurrency = reservedConcurrency
        self.environment = environment
        self.routes = routes
        self.schedules = schedules
        self.taps = taps
        self.maximumRetryAttempts = maximumRetryAttempts
        self.maximumEventAge = maximumEventAge
        self.onFailureQueueUrl = onFailureQueueUrl
    }

    public var arn: String { "arn:aws:lambda:\(LocalAccount.region):\(LocalAccount.id):function:\(functionName)" }
}

/// Where the testbed pretends to be: in moto's own account.
enum LocalAccount {
    static let id = "123456789012"
    static let region = "eu-west-1"
    static let accessKeyId = "local"
    static let secretAccessKey = "local"
    static let sessionToken = "local"

    /// What an AWS client reads from its environment.
    static func environment(endpoint: String, lambda: String) -> [String: String] {
        [
            "AWS_ACCESS_KEY_ID": accessKeyId, "AWS_SECRET_ACCESS_KEY": secretAccessKey,
            "AWS_SESSION_TOKEN": sessionToken, "AWS_REGION": region, "AWS_DEFAULT_REGION": region,
            "AWS_ENDPOINT_URL": endpoint, "AWS_ENDPOINT_URL_LAMBDA": lambda,
        ]
    }
}
