import Foundation

/// Where the parts of a running testbed are. `testbed up` keeps them in `.local/testbed.json` for the other commands.
public struct TestbedAddresses: Codable, Sendable, Equatable {
    public var gateway: String
    public var lambda: String
    public var aws: String
    public var salesforce: String
    public var whmcs: String
    /// The parameter that holds the Salesforce token.
    public var accessTokenParameter: String

    /// What the file says; nil when there is none.
    static func read(in projectRoot: String) -> TestbedAddresses? {
        guard let data = FileManager.default.contents(atPath: file(in: projectRoot)) else { return nil }
        return try? JSONDecoder().decode(TestbedAddresses.self, from: data)
    }

    /// Those of the running testbed.
    static func ofRunning(in projectRoot: String) throws(TestbedFailure) -> TestbedAddresses {
        guard let addresses = read(in: projectRoot), addresses.isAnswering else {
            throw TestbedFailure("No testbed is running: start one with deploy/testbed up.")
        }
        return addresses
    }

    func write(in projectRoot: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try FileManager.default.createDirectory(atPath: projectRoot + "/.local", withIntermediateDirectories: true)
        // Atomic: other commands wait for the file to appear, and must not read half of it.
        try encoder.encode(self).write(to: URL(fileURLWithPath: Self.file(in: projectRoot)), options: .atomic)
    }

    static func remove(in projectRoot: String) {
        unlink(file(in: projectRoot))
    }

    private static func file(in projectRoot: String) -> String { projectRoot + "/.local/testbed.json" }

    /// Whether the testbed answers. The file may be left over from one that was killed.
    var isAnswering: Bool {
        TestbedClient().get(lambda + "/")?.status == 404
    }
}
