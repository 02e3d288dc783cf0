import Foundation

extension Stack {
    /// Where the parts of a running stack are. `testbed up` keeps it in `.local/stack.json` for the other commands.
    public struct Addresses: Codable, Sendable, Equatable {
        public var gateway: String
        public var lambda: String
        public var aws: String
        public var salesforce: String
        public var whmcs: String

        public static func file(in projectRoot: String) -> String { projectRoot + "/.local/stack.json" }

        /// What the file says; nil when there is none.
        public static func read(in projectRoot: String) -> Addresses? {
            guard let data = FileManager.default.contents(atPath: file(in: projectRoot)) else { return nil }
            return try? JSONDecoder().decode(Addresses.self, from: data)
        }

        public func write(in projectRoot: String) throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            try FileManager.default.createDirectory(
                atPath: projectRoot + "/.local", withIntermediateDirectories: true)
            // Whole or not at all: others wait for the file to appear.
            try encoder.encode(self).write(to: URL(fileURLWithPath: Self.file(in: projectRoot)), options: .atomic)
        }

        public static func remove(in projectRoot: String) {
            unlink(file(in: projectRoot))
        }
    }
}
