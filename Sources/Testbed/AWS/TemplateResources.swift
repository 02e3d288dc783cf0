import Foundation

/// What deploy/aws-emulation/create_resources.py created in moto from template.yaml.
public struct Resources: Sendable, Decodable {
    public var table: String
    public var eventBus: String
    public var functions: [FunctionDefinition]

    static func make(
        _ configuration: Stack.Configuration, virtualEnvironment: String, endpoint: String,
        parameters: [String: String]
    ) throws(Stack.Failure) -> Resources {
        let root = configuration.projectRoot
        let values = parameters.merging(configuration.parameters) { $1 }.sorted { $0.key < $1.key }
        let output = try run(
            virtualEnvironment + "/bin/python",
            [
                // Warnings would stand between us and the JSON.
                "-W", "ignore", root + "/deploy/aws-emulation/create_resources.py",
                "--template", root + "/template.yaml", "--endpoint", endpoint, "--region", LocalAccount.region,
            ] + values.flatMap { ["--parameter", "\($0.key)=\($0.value)"] },
            environment: ["LANG": "C.UTF-8", "HOME": NSTemporaryDirectory()])
        do {
            return try JSONDecoder().decode(Resources.self, from: Data(output.utf8))
        } catch {
            throw Stack.Failure("create_resources.py printed unexpected JSON (\(error)): \(output.prefix(300))")
        }
    }
}
