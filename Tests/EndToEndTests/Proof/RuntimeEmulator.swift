import Foundation
import HTTP
import TestSupport
import Testbed
import Testing

/// AWS's own Runtime API: the emulator that aws-sam-cli carries, with one program. It ends with this object.
final class RuntimeEmulator {
    private let process = Process()
    private let url: String

    private static var path: String {
        get throws {
            let packages = try Program(Program.pythonPath).text([
                "-c", "import samcli.local.rapid as rapid; print(rapid.__path__[0])",
            ])
            let architecture = try Program("/usr/bin/uname").text(["-m"]) == "x86_64\n" ? "x86_64" : "arm64"
            return packages.trimmingCharacters(in: .newlines) + "/aws-lambda-rie-\(architecture)"
        }
    }

    /// - Parameter program: started at the first event, with this environment.
    init(_ program: String, _ environment: [String: String]) throws {
        let addresses = try (0..<2).map { _ in "127.0.0.1:\(try Self.freePort())" }
        url = "http://\(addresses[0])/2015-03-31/functions/function/invocations"
        process.executableURL = URL(fileURLWithPath: try Self.path)
        process.arguments = [
            "--runtime-interface-emulator-address", addresses[0], "--runtime-api-address", addresses[1], program,
        ]
        process.environment = environment
        (process.standardOutput, process.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
        try process.run()
    }

    deinit {
        process.terminate()
        process.waitUntilExit()
    }

    private static func freePort() throws -> UInt16 {
        let server = try LoopbackServer { _ in .drop }
        server.stop()
        return server.port
    }

    /// The program's answer to an event. The emulator listens a moment after its start.
    func invoke(_ event: [UInt8]) throws -> Response {
        let request = Request("POST", url, body: event, timeout: 60_000, isIdempotent: false)
        let deadline = Date(timeIntervalSinceNow: 10)
        while true {
            do throws(HTTPFailure) {
                return try HTTPClient.live().send(request)
            } catch {
                guard error.kind == .notConnected, Date() < deadline else { throw error }
                usleep(20_000)
            }
        }
    }
}
