import Foundation

/// An RSA key made and used by the openssl program, so that the simulator is not checked against itself.
struct SigningKey {
    let publicKeyPEM: String
    private let privateKeyPEM: Data

    init() throws {
        privateKeyPEM = try Self.openssl(["genrsa", "2048"])
        publicKeyPEM = String(decoding: try Self.openssl(["rsa", "-pubout"], input: privateKeyPEM), as: UTF8.self)
    }

    /// A JWT of that header and those claims, both JSON.
    func jwt(claims: String, header: String = #"{"alg":"RS256"}"#) throws -> String {
        let signed = "\(base64URL(Data(header.utf8))).\(base64URL(Data(claims.utf8)))"
        // Signing takes the data on standard input, and the key from a file.
        let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).pem")
        defer { try? FileManager.default.removeItem(at: file) }
        try privateKeyPEM.write(to: file)
        let signature = try Self.openssl(["dgst", "-sha256", "-sign", file.path], input: Data(signed.utf8))
        return "\(signed).\(base64URL(signature))"
    }

    private func base64URL(_ data: Data) -> String {
        data.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    private static func openssl(_ arguments: [String], input: Data = Data()) throws -> Data {
        let process = Process()
        let (stdin, stdout) = (Pipe(), Pipe())
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        process.standardInput = stdin
        process.standardOutput = stdout
        process.standardError = FileHandle.nullDevice
        try process.run()
        try stdin.fileHandleForWriting.write(contentsOf: input)
        try stdin.fileHandleForWriting.close()
        let output = try stdout.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return output
    }
}
