import Foundation

extension Stack {
    /// What a stack is made from.
    public struct Configuration: Sendable {
        /// The directory that holds template.yaml, deploy/aws-emulation and .local/venv.
        public var projectRoot: String
        /// The directory that holds the built programs.
        public var programs: String
        /// Port 0 takes a free one.
        public var gatewayPort: UInt16 = 4242
        /// Values for parameters of the template, over those the stack itself sets.
        public var parameters: [String: String] = [:]
        /// Variables of a function, over those of the template; by the program's name.
        public var environment: [String: [String: String]] = [:]
        /// Seconds that a function may take, over those of the template; by the program's name.
        public var timeouts: [String: Int] = [:]
        /// Stands between the programs and everything they call.
        public var interposer: Interposer?
        /// Multiplies the delays between tries of an asynchronous event.
        public var timeScale = 1.0
        /// Whether schedules fire by themselves.
        public var runsSchedules = true
        public var gatewayLimits = Gateway.Limits()
        /// Sees every line that programs and stack write.
        public var echo: @Sendable (Journal.Line) -> Void = { _ in }

        /// - Parameter programs: `.build/debug` of the project when nil.
        public init(projectRoot: String, programs: String? = nil) {
            self.projectRoot = projectRoot
            self.programs = programs ?? projectRoot + "/.build/debug"
        }

        /// The nearest directory, from `directory` upwards, with a template.yaml.
        public static func findProjectRoot(
            from directory: String = FileManager.default.currentDirectoryPath
        ) throws(Failure) -> String {
            var url = URL(fileURLWithPath: directory)
            while true {
                if FileManager.default.fileExists(atPath: url.appendingPathComponent("template.yaml").path) {
                    return url.path
                }
                guard url.path != "/" else {
                    throw Failure("No template.yaml in \(directory) or above it: run this inside the project.")
                }
                url.deleteLastPathComponent()
            }
        }
    }
}
