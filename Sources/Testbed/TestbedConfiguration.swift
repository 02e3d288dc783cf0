import Foundation

/// What a testbed runs, and how.
public struct TestbedConfiguration: Sendable {
    /// The directory that holds template.yaml, deploy/aws-emulation and .local/venv.
    public var projectRoot: String
    /// The directory that holds the built programs.
    public var programs: String
    /// Port 0 takes a free one.
    public var gatewayPort: UInt16 = 4242
    /// Values of template parameters, over those that the testbed sets.
    public var parameters: [String: String] = [:]
    /// A function's variables, over those of the template; by program name.
    public var environment: [String: [String: String]] = [:]
    /// A function's timeout, over the template's; by program name.
    public var timeoutSeconds: [String: Int] = [:]
    /// Injects faults between the programs and everything that they call.
    public var faultProxy: FaultProxy?
    /// Multiplies the delays between attempts of an asynchronous event, what is left of a failed message's visibility
    /// timeout, and the intervals of the schedules.
    public var timeScale = 1.0
    /// Whether schedules fire by themselves. If so, the time scale must not be 0.
    public var runsSchedules = true
    /// Receives every line that the programs and the testbed write.
    public var echo: @Sendable (Journal.Line) -> Void = { _ in }

    /// - Parameter programs: `.build/debug` of the project when nil.
    public init(projectRoot: String, programs: String? = nil) {
        self.projectRoot = projectRoot
        self.programs = programs ?? projectRoot + "/.build/debug"
    }

    /// The nearest directory with a template.yaml, from `directory` upwards.
    public static func findProjectRoot(
        from directory: String = FileManager.default.currentDirectoryPath
    ) throws(TestbedFailure) -> String {
        var url = URL(fileURLWithPath: directory)
        while true {
            if FileManager.default.fileExists(atPath: url.appendingPathComponent("template.yaml").path) {
                return url.path
            }
            guard url.path != "/" else {
                throw TestbedFailure(
                    "No template.yaml in \(directory) or above it: run this inside the project.")
            }
            url.deleteLastPathComponent()
        }
    }
}
