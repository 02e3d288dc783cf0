import Foundation

/// What deploy/aws-emulation/create_resources.py created in moto from template.yaml.
public struct TemplateResources: Sendable, Decodable {
    public var table: String
    public var eventBus: String
    public var functions: [FunctionDefinition]
    public var alarms: [AlarmDefinition]

    /// The value of a variable, from the first function that has it.
    public func value(of variable: String) throws(TestbedFailure) -> String {
        guard let value = functions.lazy.compactMap({ $0.environment[variable] }).first else {
            throw TestbedFailure("No function of template.yaml has the variable \(variable).")
        }
        return value
    }

    /// The program names of template.yaml's functions, without a testbed.
    public static func functionNames(projectRoot: String) throws(TestbedFailure) -> [String] {
        try runToEnd(projectRoot + "/deploy/package/functions").split(separator: "\n").map(String.init)
    }

    static func create(
        _ configuration: TestbedConfiguration, python: String, endpoint: String, parameters: [String: String]
    ) throws(TestbedFailure) -> TemplateResources {
        let root = configuration.projectRoot
        let values = parameters.merging(configuration.parameters) { $1 }.sorted { $0.key < $1.key }
        let output = try runToEnd(
            python,
            [
                // The output must be JSON and nothing else, so no warnings.
                "-W", "ignore", root + "/deploy/aws-emulation/create_resources.py",
                "--template", root + "/template.yaml", "--endpoint", endpoint, "--region", TestbedAccount.region,
            ] + values.flatMap { ["--parameter", "\($0.key)=\($0.value)"] },
            environment: ["LANG": "C.UTF-8", "HOME": NSTemporaryDirectory()])
        do {
            return try JSONDecoder().decode(TemplateResources.self, from: Data(output.utf8))
        } catch {
            throw TestbedFailure("create_resources.py printed unexpected JSON (\(error)): \(output.prefix(300))")
        }
    }
}
