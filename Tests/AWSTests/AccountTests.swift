import AWS
import TestSupport
import Testing

@Suite struct AccountTests {
    private func urls(_ values: [String: String]) throws -> [String] {
        let http = FakeHTTPClient(Array(repeating: .answer(200, "{}"), count: 4))
        let account = Account(values)
        _ = try Table("t", account, http.client).get("k")
        _ = try? ParameterStore(account, http.client).get(["p"])
        _ = EventBus("b", account, http.client).put(source: "s", detailType: "t", details: [[:]])
        _ = try Function("f", account, http.client).invoke([:])
        return http.requests.map(\.url)
    }

    @Test(
        "An endpoint is the service's own override, the common one, or AWS's",
        arguments: [
            (
                ["AWS_REGION": "eu-west-1"],
                [
                    "https://dynamodb.eu-west-1.amazonaws.com/", "https://ssm.eu-west-1.amazonaws.com/",
                    "https://events.eu-west-1.amazonaws.com/",
                    "https://lambda.eu-west-1.amazonaws.com/2015-03-31/functions/f/invocations",
                ]
            ),
            (
                ["AWS_REGION": "cn-north-1"],
                [
                    "https://dynamodb.cn-north-1.amazonaws.com.cn/", "https://ssm.cn-north-1.amazonaws.com.cn/",
                    "https://events.cn-north-1.amazonaws.com.cn/",
                    "https://lambda.cn-north-1.amazonaws.com.cn/2015-03-31/functions/f/invocations",
                ]
            ),
            (
                ["AWS_REGION": "r", "AWS_ENDPOINT_URL": "http://127.0.0.1:1"],
                [
                    "http://127.0.0.1:1/", "http://127.0.0.1:1/", "http://127.0.0.1:1/",
                    "http://127.0.0.1:1/2015-03-31/functions/f/invocations",
                ]
            ),
            // A service's own override wins, a slash at the end is not doubled, and an empty override counts as none.
            (
                [
                    "AWS_REGION": "r", "AWS_ENDPOINT_URL": "http://127.0.0.1:1/",
                    "AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:2", "AWS_ENDPOINT_URL_SSM": "http://127.0.0.1:3/",
                    "AWS_ENDPOINT_URL_EVENTBRIDGE": "http://127.0.0.1:4/",
                    "AWS_ENDPOINT_URL_LAMBDA": "http://127.0.0.1:5/",
                ],
                [
                    "http://127.0.0.1:2/", "http://127.0.0.1:3/", "http://127.0.0.1:4/",
                    "http://127.0.0.1:5/2015-03-31/functions/f/invocations",
                ]
            ),
            (
                ["AWS_REGION": "r", "AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ENDPOINT_URL_SSM": ""],
                [
                    "http://127.0.0.1:1/", "http://127.0.0.1:1/", "http://127.0.0.1:1/",
                    "http://127.0.0.1:1/2015-03-31/functions/f/invocations",
                ]
            ),
        ] as [([String: String], [String])])
    func endpoints(_ values: [String: String], _ expected: [String]) throws {
        #expect(try urls(values) == expected)
    }

    @Test(
        "An endpoint is AWS's or loopback",
        arguments: [
            ("https://dynamodb.eu-west-1.amazonaws.com", true),
            ("https://vpce-1.ssm.eu-west-1.vpce.amazonaws.com/", true),
            ("https://ssm.eu-west-1.api.aws", true), ("https://ssm.cn-north-1.amazonaws.com.cn", true),
            ("http://127.0.0.1:4566", true), ("http://localhost:4566/", true), ("", true),
            ("http://dynamodb.eu-west-1.amazonaws.com", false), ("https://evil.example", false),
            ("https://amazonaws.com.evil.example", false), ("https://evilamazonaws.com", false),
            ("https://dynamodb.amazonaws.com@evil.example", false), ("evil", false),
        ])
    func foreignEndpoints(_ url: String, _ isAllowed: Bool) {
        for name in ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_SNS"] {
            #expect(Account([name: url]).foreignEndpoints == (isAllowed ? [] : [name]))
        }
    }

    @Test("Missing variables are named") func missing() {
        #expect(Account([:]).missing == ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
        #expect(
            Account(["AWS_REGION": "", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"]).missing == [
                "AWS_REGION"
            ])
        #expect(Account.cloud.missing.isEmpty)
    }
}
