import HTTP
import JSON
import TestSupport
import Testbed
import Testing

@testable import Lambda

/// Subsegments, as a UDP socket receives them.
@Suite struct TracerTests {
    private static let header = "Root=1-58406520-a006649127e371903a2de979;Parent=defdfd9912dc5a56;Sampled=1"

    private static func invocation(_ header: String?) -> Invocation {
        Invocation(requestID: "r", deadline: .init(milliseconds: 0), traceID: header, payload: [])
    }

    private static func aws(_ service: String, _ headers: [Header] = []) -> Request {
        let signature = AWSSignature(
            region: "eu-west-1", service: service, accessKeyId: "k", secretAccessKey: "a-secret", sessionToken: nil)
        return Request(
            "POST", "https://\(service).eu-west-1.amazonaws.com/", headers: headers, isIdempotent: true,
            signature: signature)
    }

    private static func target(_ service: String, _ target: String) -> Request {
        aws(service, [Header("X-Amz-Target", target)])
    }

    private static func post(_ url: String, _ body: String = "") -> Request {
        Request("POST", url, body: Array(body.utf8), isIdempotent: true)
    }

    static let calls: [(Request, name: String, operation: JSON?)] = [
        (target("dynamodb", "DynamoDB_20120810.UpdateItem"), "DynamoDB", "UpdateItem"),
        (target("events", "AWSEvents.PutEvents"), "EventBridge", "PutEvents"),
        (target("ssm", "AmazonSSM.GetParameters"), "SSM", "GetParameters"),
        (target("sqs", "AmazonSQS.GetQueueAttributes"), "SQS", "GetQueueAttributes"),
        (aws("lambda"), "Lambda", "Invoke"), (aws("sns"), "SNS", "Publish"),
        (post("https://whmcs.example/api.php", "action=AddOrder&secret=a-secret&clientid=7"), "WHMCS AddOrder", nil),
        (
            Request(
                "PATCH", "https://a.my.salesforce.com/services/data/v66.0/sobjects/Order/801Dn0000014UPaIAM",
                isIdempotent: false), "Salesforce sobjects", nil
        ),
        (
            Request("GET", "https://a.my.salesforce.com/services/data/v66.0/query?q=SELECT+Id", isIdempotent: true),
            "Salesforce query", nil
        ),
        (post("https://login.salesforce.com/services/oauth2/token", "assertion=a-secret"), "Salesforce token", nil),
        (Request("GET", "https://a.my.salesforce.com/services/data/v66.0/", isIdempotent: true), "Salesforce", nil),
        (post("https://alerts.example/hook/a-secret", #"{"text":"x"}"#), "Alert webhook", nil),
        (post("https://alerts.example/services/T0/B0/a-secret", #"{"text":"x"}"#), "Alert webhook", nil),
    ]

    @Test("A call is a subsegment by its service's name, without ids and secrets", arguments: calls.indices)
    func subsegment(_ index: Int) throws {
        let (request, name, operation) = Self.calls[index]
        let daemon = try XRayReceiver()
        let tracer = try #require(Tracer(address: daemon.address))
        let http = FakeHTTPClient([.answer(200, "{}", headers: [Header("x-amzn-RequestId", "AB12")])])
        http.latency = { _ in 1234 }
        tracer.begin(Self.invocation(Self.header))
        _ = try tracer.traced(http.client).send(request)
        let document = try #require(daemon.documents(atLeast: 1).first)
        #expect(document.faultsAsSubsegment == [])
        #expect(document["trace_id"] == "1-58406520-a006649127e371903a2de979")
        #expect(document["parent_id"] == "defdfd9912dc5a56")
        #expect(document["name"] == .string(name))
        #expect(document["namespace"] == (request.signature == nil ? "remote" : "aws"))
        #expect(document["aws"]?["operation"] == operation)
        #expect(document["aws"]?["request_id"] == "AB12")
        #expect(document["http"]?["request"]?["method"] == .string(request.method))
        #expect(document["http"]?["response"] == ["status": 200, "content_length": 2])
        #expect(document["start_time"] == .number(1_795_169_730.0))
        #expect(document["end_time"] == .number(1_795_169_731.234))
        let text = String(decoding: document.bytes, as: UTF8.self)
        for secret in ["a-secret", "801Dn", "https://", "SELECT"] { #expect(!text.contains(secret)) }
    }

    @Test("libcurl's time is finer than the clock") func fineTime() throws {
        let daemon = try XRayReceiver()
        let tracer = try #require(Tracer(address: daemon.address))
        tracer.begin(Self.invocation(Self.header))
        let http = FakeHTTPClient([.success(Response(status: 200, milliseconds: 12.5))])
        _ = try tracer.traced(http.client).send(Self.post("https://alerts.example/"))
        #expect(daemon.documents(atLeast: 1).first?["end_time"] == .number(1_795_169_730.0125))
    }

    @Test(
        "Errors are flagged",
        arguments: [
            (.answer(404), true, ["error"]), (.answer(429), false, ["error", "throttle"]),
            (.answer(503), false, ["fault"]),
            (.answer(400, #"{"__type":"x#ConditionalCheckFailedException"}"#), true, ["error"]),
            (.answer(400, #"{"__type":"x#ThrottlingException"}"#), true, ["error", "throttle"]),
            (.answer(400, #"{"__type":"ProvisionedThroughputExceededException"}"#), true, ["error", "throttle"]),
            (.answer(400, #"{"__type":"ThrottlingException"}"#), false, ["error"]),
            (.answer(200, #"{"result":"error","message":"Café has no card"}"#), false, ["error"]),
            (.answer(200, #"{"result":"success"}"#), false, []), (.timedOut, true, ["fault"]),
            (.unreachable, false, ["fault"]),
        ] as [(Result<Response, HTTPFailure>, Bool, Set<String>)])
    func flags(_ result: Result<Response, HTTPFailure>, _ isAWS: Bool, _ flags: Set<String>) throws {
        let daemon = try XRayReceiver()
        let tracer = try #require(Tracer(address: daemon.address))
        tracer.begin(Self.invocation(Self.header))
        var request = isAWS ? Self.aws("dynamodb") : Self.post("https://whmcs.example/", "action=AddOrder")
        request.isIdempotent = false
        _ = tracer.traced(FakeHTTPClient([result]).client).sendAll([request])
        let document = try #require(daemon.documents(atLeast: 1).first)
        #expect(document.faultsAsSubsegment == [])
        let found = ["error", "fault", "throttle"].filter { document[$0] == true }
        #expect(Set(found) == flags)
        // A vendor's text stays out.
        #expect(!String(decoding: document.bytes, as: UTF8.self).contains("Café"))
        if case .failure = result {
            #expect(document["cause"]?["exceptions"]?.array?.first?["message"] == "scripted")
            #expect(document["http"]?["response"] == nil)
        }
    }

    @Test("Each attempt, and each call of several at once, is a subsegment; an opened connection is none")
    func several()
        throws
    {
        let daemon = try XRayReceiver()
        let tracer = try #require(Tracer(address: daemon.address))
        tracer.begin(Self.invocation(Self.header))
        let http = FakeHTTPClient([.answer(503), .answer(200), .answer(200), .answer(200)])
        let client = tracer.traced(http.client).preconnecting(to: [.preconnect("https://alerts.example/")])
        _ = client.sendAll([Self.aws("sns"), Self.aws("sqs")])
        let documents = daemon.documents(atLeast: 3)
        #expect(documents.map { $0["name"] } == ["SNS", "SQS", "SNS"])
        #expect(documents.map { $0["fault"] } == [true, nil, nil])
        #expect(Set(documents.compactMap { $0["id"]?.string }).count == 3)
    }

    @Test("A trace stays below X-Ray's limit") func limit() throws {
        let daemon = try XRayReceiver()
        let tracer = try #require(Tracer(address: daemon.address))
        let http = FakeHTTPClient(Array(repeating: .answer(200), count: 502))
        let client = tracer.traced(http.client)
        tracer.begin(Self.invocation(Self.header))
        for _ in 0..<501 { _ = try client.send(Self.aws("sns")) }
        tracer.begin(Self.invocation(Self.header.replacing("a006", with: "b006")))
        _ = try client.send(Self.aws("sqs"))
        let documents = daemon.documents(atLeast: 501)
        #expect(documents.filter { $0["name"] == "SNS" }.count == 500)
        #expect(documents.last?["trace_id"] == "1-58406520-b006649127e371903a2de979")
    }

    @Test(
        "What is not sampled costs no socket",
        arguments: [nil, "", header.replacing("Sampled=1", with: "Sampled=0"), "Root=nonsense;Sampled=1"])
    func notSampled(_ header: String?) throws {
        let daemon = try XRayReceiver()
        let tracer = try #require(Tracer(address: daemon.address))
        let client = tracer.traced(FakeHTTPClient([.answer(200), .answer(200)]).client)
        // The init phase.
        _ = try client.send(Self.aws("ssm"))
        #expect(!tracer.hasSocket)
        tracer.begin(Self.invocation(header))
        _ = try client.send(Self.aws("ssm"))
        #expect(!tracer.hasSocket)
    }

    @Test(
        "Without the daemon's address nothing is traced",
        arguments: [nil, "", "127.0.0.1", "localhost:2000", "127.0.0.1:", "127.0.0.1:65536", ":2000"])
    func noAddress(_ address: String?) {
        #expect(Tracer(address: address) == nil)
    }

    @Test("A daemon that is gone fails and delays nothing") func noDaemon() throws {
        let closed = try ClosedPort()
        let tracer = try #require(Tracer(address: "127.0.0.1:\(closed.port)"))
        tracer.begin(Self.invocation(Self.header))
        let http = FakeHTTPClient([.answer(200), .answer(201)])
        let client = tracer.traced(http.client)
        // The refusal of the first datagram would meet the second.
        #expect(try client.send(Self.aws("sns")).status == 200)
        #expect(try client.send(Self.aws("sns")).status == 201)
    }

    @Test("The runtime traces each invocation by its own header") func runtime() throws {
        let daemon = try XRayReceiver()
        let tracer = try #require(Tracer(address: daemon.address))
        let other = Self.header.replacing("a006", with: "b006")
        let api = try FakeRuntimeAPI([
            .event("a", trace: Self.header), .event("b", trace: nil), .event("c", trace: other),
        ])
        let http = HTTPClient.live()
        let upstream = try LoopbackServer { _ in .json(200, []) }
        let client = tracer.traced(http)
        let runtime = Runtime(
            api: RuntimeAPI(address: api.address, http: http), log: Log(write: { _ in }), now: http.now, tracer: tracer)
        _ = Result {
            try runtime.serve {
                { event in
                    _ = try client.send(Self.post(upstream.url + "/", "action=Of\(event.requestID)"))
                    return []
                }
            }
        }
        let documents = daemon.documents(atLeast: 2)
        #expect(documents.map { $0["name"] } == ["WHMCS Ofa", "WHMCS Ofc"])
        let roots: [JSON] = ["1-58406520-a006649127e371903a2de979", "1-58406520-b006649127e371903a2de979"]
        #expect(documents.map { $0["trace_id"] } == roots)
        #expect(documents.allSatisfy { $0.faultsAsSubsegment == [] })
    }
}
