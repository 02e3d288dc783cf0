/// A function on the testbed, and its asynchronous invocation.
struct HostedFunction: Sendable {
    var lambda: LambdaFunction
    var asyncInvoker: AsyncInvoker

    var definition: FunctionDefinition { lambda.definition }
}
