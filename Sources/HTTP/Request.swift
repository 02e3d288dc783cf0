import Basics

/// One HTTP request. `https` only, except to loopback.
public struct Request: Sendable {
    public var method: String
    public var url: String
    public var headers: [Header]
    public var body: [UInt8]

    /// How long this request may take; the client's deadline may shorten it. Nil for no limit.
    public var timeout: Milliseconds?

    /// Whether sending it twice is harmless. A request that is not idempotent is sent once, on a fresh connection that is
    /// not kept: libcurl silently sends a POST again when a kept connection turns out to be dead.
    public var isIdempotent: Bool

    /// Whether a response calls for a retry of an idempotent request.
    public var isRetryable: @Sendable (Response) -> Bool

    /// Signs the request for AWS (SigV4) when set.
    public var signature: AWSSignature?

    /// The server is on this machine, whatever its address: plain `http` is allowed, and no proxy is used. Loopback needs
    /// no such mark; the Runtime API may have a link-local address.
    public var isOnThisMachine: Bool

    public init(
        _ method: String, _ url: String, headers: [Header] = [], body: [UInt8] = [], timeout: Milliseconds? = 10_000,
        isIdempotent: Bool, isRetryable: @escaping @Sendable (Response) -> Bool = Request.isRetryableStatus,
        signature: AWSSignature? = nil, isOnThisMachine: Bool = false
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeout = timeout
        self.isIdempotent = isIdempotent
        self.isRetryable = isRetryable
        self.signature = signature
        self.isOnThisMachine = isOnThisMachine
    }

    /// A request whose only purpose is the connection; its response does not matter. libcurl reuses only connections
    /// that have carried a request ("CURLOPT_CONNECT_ONLY").
    public static func preconnect(_ url: String) -> Request {
        Request("HEAD", url, timeout: 1_000, isIdempotent: true)
    }

    /// 429 and the statuses of an overloaded or absent server.
    public static let isRetryableStatus: @Sendable (Response) -> Bool = {
        [429, 500, 502, 503, 504].contains($0.status)
    }
}

public struct Header: Sendable, Equatable {
    public var name: String
    public var value: String

    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// What libcurl needs to sign a request with AWS Signature Version 4.
public struct AWSSignature: Sendable {
    public var region: String
    public var service: String
    public var accessKeyId: String
    public var secretAccessKey: String
    public var sessionToken: String?

    public init(region: String, service: String, accessKeyId: String, secretAccessKey: String, sessionToken: String?) {
        self.region = region
        self.service = service
        self.accessKeyId = accessKeyId
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
    }
}

public struct Response: Sendable {
    public var status: Int
    public var headers: [Header]
    public var body: [UInt8]
    /// From the start of the request to the last byte of the response.
    public var milliseconds: Double

    public init(status: Int, headers: [Header] = [], body: [UInt8] = [], milliseconds: Double = 0) {
        self.status = status
        self.headers = headers
        self.body = body
        self.milliseconds = milliseconds
    }

    /// The first header of that name, in any case.
    public func header(_ name: String) -> String? {
        headers.first { isEqualIgnoringCase($0.name, name) }?.value
    }

    /// The body as text; invalid UTF-8 is replaced.
    public var text: String { String(decoding: body, as: UTF8.self) }
}
