import Foundation
import JSON
import Testbed

/// The IAM actions and resources that AWS checks for a call ("Actions, resources, and condition keys").
struct AuthorizedCall {
    let exchange: FaultProxy.Exchange
    /// `eu-west-1:123456789012`
    let home: String

    typealias Permission = FunctionDefinition.Permission

    /// Empty when the call is none of AWS's, or only opens a connection.
    var permissions: [Permission] {
        let body = JSON(exchange.sent) ?? .null
        let (service, action) = (exchange.call.service, exchange.call.action)
        if action == "HEAD" { return [] }
        switch service {
        case .salesforce, .whmcs: return []
        case .dynamodb: return table(action, body)
        case .events:
            let names = (body["Entries"]?.array ?? []).compactMap { $0["EventBusName"]?.string }
            return (names + [body["Name"]?.string].compactMap { $0 })
                .map { Permission("events:\(action)", "arn:aws:events:\(home):event-bus/\($0)") }
        case .ssm:
            let names = (body["Names"]?.array ?? [body["Name"] ?? .null]).compactMap(\.string)
            return names.map { Permission("ssm:\(action)", "arn:aws:ssm:\(home):parameter\($0)") }
        case .sqs:
            let name = body["QueueUrl"]?.string?.split(separator: "/").last ?? ""
            return [Permission("sqs:\(action)", "arn:aws:sqs:\(home):\(name)")]
        case .lambda:
            let name = exchange.path.split(separator: "/").dropLast().last ?? ""
            return [Permission("lambda:InvokeFunction", "arn:aws:lambda:\(home):function:\(name)")]
        case .aws:
            // SNS is the only service without an endpoint of its own here.
            let form = String(decoding: exchange.sent, as: UTF8.self)
            let arn = form.firstMatch(of: /TopicArn=([^&]+)/)?.output.1.removingPercentEncoding ?? ""
            return [Permission("sns:\(action)", arn)]
        }
    }

    /// IAM knows no transactions: each write of one needs its own permission.
    private func table(_ action: String, _ body: JSON) -> [Permission] {
        func arn(_ request: JSON) -> String {
            let index = request["IndexName"]?.string.map { "/index/\($0)" } ?? ""
            return "arn:aws:dynamodb:\(home):table/\(request["TableName"]?.string ?? "")\(index)"
        }
        guard action == "TransactWriteItems" else { return [Permission("dynamodb:\(action)", arn(body))] }
        return (body["TransactItems"]?.array ?? []).flatMap { ($0.object ?? [:]) }
            .map { verb, request in Permission("dynamodb:\(verb)Item", arn(request)) }
    }
}
