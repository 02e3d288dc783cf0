import CCurl
import Glibc

/// The scheme, host and port of a URL, and whether a request may go there.
///
/// libcurl reads the URL here as it does when it sends the request, so that a check and the request always mean the
/// same host.
public struct Origin: Sendable, Equatable {
    /// Lower case.
    public let scheme: String
    /// Lower case; an IPv6 address is in brackets.
    public let host: String
    private let port: String?

    /// Reads any URL without a user name: a password belongs into a header.
    public init(_ url: String) throws(HTTPFailure) {
        let parts = curl_url()
        defer { curl_url_cleanup(parts) }
        let flags = CURLU_NON_SUPPORT_SCHEME | CURLU_DISALLOW_USER
        guard curl_url_set(parts, CURLUPART_URL, url, UInt32(flags)) == CURLUE_OK,
            let scheme = Origin.part(parts, CURLUPART_SCHEME), let host = Origin.part(parts, CURLUPART_HOST)
        else {
            throw HTTPFailure(.refused, mayHaveBeenReceived: false, "the URL is not valid")
        }
        self.scheme = scheme
        self.host = host
        port = Origin.part(parts, CURLUPART_PORT)
    }

    /// Reads a URL that is an origin and nothing more, save a slash at its end; nil for any other.
    public init?(exactly url: String) {
        guard let origin = try? Origin(url), [origin.url, origin.url + "/"].contains(url.lowercased()) else {
            return nil
        }
        self = origin
    }

    /// Without a slash at the end.
    public var url: String { "\(scheme)://\(host)" + (port.map { ":\($0)" } ?? "") }

    /// Whether no request to it leaves this machine.
    public var isLoopback: Bool {
        guard host != "localhost" && host != "[::1]" else { return true }
        var bytes: (UInt8, UInt8, UInt8, UInt8) = (0, 0, 0, 0)
        return inet_pton(AF_INET, host, &bytes) == 1 && bytes.0 == 127
    }

    /// Whether requests may go there: by `https`, or by plain `http` to loopback and to any other server that the caller
    /// knows to be on this machine.
    public func isAllowed(isOnThisMachine: Bool = false) -> Bool {
        scheme == "https" || scheme == "http" && (isLoopback || isOnThisMachine)
    }

    private static func part(_ parts: OpaquePointer?, _ part: CURLUPart) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard curl_url_get(parts, part, &text, 0) == CURLUE_OK, let text else { return nil }
        defer { curl_free(text) }
        return String(cString: text).lowercased()
    }
}
