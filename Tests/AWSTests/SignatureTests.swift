import AWS
import Foundation
import HTTP
import JSON
import TestSupport
import Testbed
import Testing

/// botocore and moto verify libcurl's signatures: libcurl has changed its SigV4 in many versions.
@Suite struct SignatureTests {
    /// Signs the captured request again and prints the expected Authorization header.
    private static let resign = """
        import base64, json, sys
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials
        given = json.load(sys.stdin)
        class Again(SigV4Auth):
            # botocore signs all it is given; libcurl adds headers after signing, so those it named count.
            def headers_to_sign(self, request):
                names = given["signed"].split(";")
                all = super().headers_to_sign(request)
                for name in list(all.keys()):
                    if name.lower() not in names:
                        del all[name]
                return all
        request = AWSRequest(given["method"], given["url"], headers=given["headers"],
                             data=base64.b64decode(given["body"]))
        request.context["timestamp"] = given["headers"]["x-amz-date"]
        auth = Again(Credentials(given["key"], given["secret"], given["token"]), given["service"], "eu-west-1")
        canonical = auth.canonical_request(request)
        signature = auth.signature(auth.string_to_sign(request, canonical), request)
        auth._inject_signature_to_request(request, signature)
        print(request.headers["Authorization"], end="")
        """

    private static let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

    /// A call for each service and form of request, by name.
    private static let calls: [(name: String, service: String, call: @Sendable (Account, HTTPClient) -> Void)] = [
        ("GetItem", "dynamodb", { account, http in _ = try? Table("ledger", account, http).get("order#801 é") }),
        (
            "GetParameters", "ssm",
            { account, http in _ = try? ParameterStore(account, http).get(["/a/b", "/c"]) }
        ),
        (
            "PutEvents", "events",
            { account, http in
                _ = EventBus("b", account, http).put(source: "s", detailType: "t", details: [["é": "😀"]])
            }
        ),
        ("Invoke", "lambda", { account, http in _ = try? Function("refresh-sf-token", account, http).invoke([:]) }),
        // The largest item, which takes several reads of a socket.
        (
            "a large body", "dynamodb",
            { account, http in
                let item: Table.Item = ["pk": "a", "text": .string(String(repeating: "é", count: 200_000))]
                _ = try? Table("ledger", account, http).write(.put(item, if: .init("attribute_not_exists(pk)")))
            }
        ),
    ]

    @Test("botocore makes the same signature", arguments: calls.map(\.name), [nil, "IQoJb3JpZ2luX2VjE+/=="])
    func botocore(_ name: String, _ token: String?) throws {
        let seen = Recorder<ServerRequest>()
        let server = try LoopbackServer { request in
            seen.append(request)
            return .json(200, Array("{}".utf8))
        }
        let call = try #require(Self.calls.first { $0.name == name })
        call.call(.at(server.url, secret: Self.secret, token: token), .live())
        let request = try #require(seen.values.first)
        let authorization = try #require(request.header("authorization"))
        let signed = try #require(authorization.firstMatch(of: /SignedHeaders=([^,]+)/)?.output.1)

        // The signature must cover these headers.
        for header in ["content-type", "host", "x-amz-date", token.map { _ in "x-amz-security-token" }].compactMap({
            $0
        }) {
            #expect(signed.split(separator: ";").contains { $0 == header }, "\(header)")
        }
        #expect(request.header("x-amz-security-token") == token)
        #expect(request.header("x-amz-target") == nil || signed.contains("x-amz-target"))

        let captured = JSON.object([
            "method": .string(request.method), "url": .string(server.url + request.path),
            "headers": .object(Dictionary(request.headers.map { ($0.name, .string($0.value)) }) { $1 }),
            "body": .string(Data(request.body).base64EncodedString()), "signed": .string(String(signed)),
            "key": "AKIDEXAMPLE", "secret": .string(Self.secret), "token": .string(token),
            "service": .string(call.service),
        ])
        let expected = try Program.python.run(["-c", Self.resign], input: captured.bytes)
        #expect(authorization == String(decoding: expected, as: UTF8.self))
    }

    /// A moto that checks every signature, and a user who may do everything.
    private struct Guarded {
        let moto: MotoServer
        let key: String
        let secret: String

        init() throws {
            moto = try MotoServer.started()
            let printed = try moto.boto(
                """
                iam = client("iam")
                iam.create_user(UserName="u")
                iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=json.dumps({
                    "Version": "2012-10-17",
                    "Statement": [{"Effect": "Allow", "Action": ["ssm:*", "events:*"], "Resource": "*"}]}))
                key = iam.create_access_key(UserName="u")["AccessKey"]
                # moto loads a service at its first call, which may take longer than a program waits.
                client("ssm").describe_parameters()
                client("dynamodb").list_tables()
                # From now on without a grace period. A form's content type would be an error.
                urllib.request.urlopen(urllib.request.Request(
                    "\(moto.url)/moto-api/reset-auth", b"0", {"Content-Type": "text/plain"}))
                print(key["AccessKeyId"], key["SecretAccessKey"], end="")
                """)
            let parts = printed.split(separator: " ")
            (key, secret) = (String(try #require(parts.first)), String(try #require(parts.last)))
        }

        /// The code of a refused read; nil when it succeeds.
        func refusal(_ account: Account) -> String? {
            do {
                _ = try ParameterStore(account, .live()).get(["/a"])
                return nil
            } catch {
                return error.code ?? "\(error)"
            }
        }
    }

    @Test("moto accepts the right signature and no other") func moto() throws {
        let guarded = try Guarded()
        let (url, key, secret) = (guarded.moto.url, guarded.key, guarded.secret)
        #expect(guarded.refusal(.at(url, key: key, secret: secret)) == nil)
        #expect(guarded.refusal(.at(url, key: key, secret: secret + "x")) == "SignatureDoesNotMatch")
        // Here moto refuses in XML.
        #expect(guarded.refusal(.at(url, key: "AKIAUNKNOWN", secret: secret)) == "InvalidClientTokenId")
        // Known and correctly signed, but not allowed.
        #expect {
            try Table("ledger", .at(url, key: key, secret: secret), .live()).get("x")
        } throws: {
            ($0 as? AWSFailure)?.code == "AccessDenied"
        }
    }
}
