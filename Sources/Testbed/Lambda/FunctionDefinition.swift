/// A function as template.yaml defines it.
public struct FunctionDefinition: Sendable, Decodable {
    /// The program's name, `verify-signature`.
    public var name: String
    /// The name in AWS.
    public var functionName: String
    public var timeoutSeconds: Int
    /// The testbed passes it to the program and does not enforce it.
    public var memoryMB: Int
    /// Nil: as many at once as the account allows.
    public var reservedConcurrency: Int?
    /// Whether its tracing is active.
    public var isTraced: Bool
    public var environment: [String: String]
    /// What its role allows.
    public var permissions: [Permission]
    public var routes: [Route]
    public var schedules: [Schedule]
    public var ruleQueues: [RuleQueue]
    public var queueMappings: [QueueMapping]
    /// Attempts of an asynchronous event after the first.
    public var maximumRetryAttempts: Int
    /// How long an asynchronous event may wait.
    public var maximumEventAgeSeconds: Int
    /// The queue that receives the asynchronous events that failed.
    public var onFailureQueueUrl: String?

    /// `sqs:SendMessage`, and the ARN that it may be called with.
    public struct Permission: Sendable, Decodable, Hashable {
        public var action: String
        public var resource: String

        public init(_ action: String, _ resource: String) {
            self.action = action
            self.resource = resource
        }
    }

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
    }

    /// A queue that receives a rule's events in place of the function, because moto cannot invoke a custom runtime.
    public struct RuleQueue: Sendable, Decodable {
        public var rule: String
        public var queueUrl: String
    }

    /// A queue that Lambda polls for the function.
    public struct QueueMapping: Sendable, Decodable {
        public var queueUrl: String
        public var queueArn: String
        /// The queue that receives the messages that failed too often.
        public var deadLetterQueueUrl: String?
        public var visibilityTimeoutSeconds: Int
        public var batchSize: Int
        /// Nil: as many invocations at once as the function may have.
        public var maximumConcurrency: Int?
        /// Whether the function's answer names the messages that failed.
        public var reportsItemFailures: Bool

        public init(
            queueUrl: String, queueArn: String, deadLetterQueueUrl: String? = nil, visibilityTimeoutSeconds: Int = 30,
            batchSize: Int = 1, maximumConcurrency: Int? = nil, reportsItemFailures: Bool = true
        ) {
            self.queueUrl = queueUrl
            self.queueArn = queueArn
            self.deadLetterQueueUrl = deadLetterQueueUrl
            self.visibilityTimeoutSeconds = visibilityTimeoutSeconds
            self.batchSize = batchSize
            self.maximumConcurrency = maximumConcurrency
            self.reportsItemFailures = reportsItemFailures
        }
    }

    public init(
        name: String, functionName: String? = nil, timeoutSeconds: Int = 10, memoryMB: Int = 128,
        reservedConcurrency: Int? = nil, isTraced: Bool = false, environment: [String: String] = [:],
        permissions: [Permission] = [], routes: [Route] = [],
        schedules: [Schedule] = [], ruleQueues: [RuleQueue] = [], queueMappings: [QueueMapping] = [],
        maximumRetryAttempts: Int = 2, maximumEventAgeSeconds: Int = 21_600, onFailureQueueUrl: String? = nil
    ) {
        self.name = name
        self.functionName = functionName ?? name
        self.timeoutSeconds = timeoutSeconds
        self.memoryMB = memoryMB
        self.reservedConcurrency = reservedConcurrency
        self.isTraced = isTraced
        self.environment = environment
        self.permissions = permissions
        self.routes = routes
        self.schedules = schedules
        self.ruleQueues = ruleQueues
        self.queueMappings = queueMappings
        self.maximumRetryAttempts = maximumRetryAttempts
        self.maximumEventAgeSeconds = maximumEventAgeSeconds
        self.onFailureQueueUrl = onFailureQueueUrl
    }

    public var arn: String { "arn:aws:lambda:\(TestbedAccount.region):\(TestbedAccount.id):function:\(functionName)" }
}
