import CCurl
import Glibc

/// libcurl, driven by one multi handle, which keeps connections, names and TLS sessions from one request to the next,
/// also across Lambda's freeze and thaw.
final class Curl {
    private let multi: UnsafeMutableRawPointer?
    /// Handles at rest. Each holds the TLS sessions of its last hosts, so the last one used is taken first.
    private var idle: [UnsafeMutableRawPointer] = []
    private let largestAnswer: Int

    init(largestAnswer: Int) {
        startOpenSSL()
        curl_global_init(Int(CURL_GLOBAL_DEFAULT))
        multi = curl_multi_init()
        // More than a program speaks to. By itself libcurl keeps four times as many as there are requests at once.
        ccurl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, 64)
        self.largestAnswer = largestAnswer
    }

    deinit {
        for handle in idle { curl_easy_cleanup(handle) }
        curl_multi_cleanup(multi)
    }

    /// Sends all at once; each answer stands where its request stood.
    func send(_ requests: [Request]) -> [Result<Response, HTTPFailure>] {
        let exchanges = requests.map { begin($0) }
        run()
        return exchanges.map { exchange in
            do throws(HTTPFailure) { return .success(try end(exchange.get())) } catch { return .failure(error) }
        }
    }

    private func begin(_ request: Request) -> Result<Exchange, HTTPFailure> {
        do throws(HTTPFailure) {
            let origin = try Origin(request)
            guard let handle = idle.popLast() ?? curl_easy_init() else {
                throw HTTPFailure(.refused, mayHaveBeenReceived: false, "libcurl has no memory for a request")
            }
            curl_easy_reset(handle)
            let exchange = Exchange(handle, request, origin, largestAnswer: largestAnswer)
            curl_multi_add_handle(multi, handle)
            return .success(exchange)
        } catch {
            return .failure(error)
        }
    }

    /// Until every exchange has its answer or its failure; each is bounded by its own timeout.
    private func run() {
        var running: Int32 = 0
        repeat {
            guard curl_multi_perform(multi, &running) == CURLM_OK else { return }
            var left: Int32 = 0
            while let message = curl_multi_info_read(multi, &left) {
                Exchange.of(message.pointee.easy_handle)?.result = ccurl_message_result(message)
            }
            if running > 0 { curl_multi_poll(multi, nil, 0, 1000, nil) }
        } while running > 0
    }

    private func end(_ exchange: Exchange) throws(HTTPFailure) -> Response {
        curl_multi_remove_handle(multi, exchange.handle)
        defer { idle.append(exchange.handle) }
        return try exchange.response()
    }
}

/// Where a request goes, and whether it may go there.
struct Origin {
    var host: String
    var isLoopback: Bool

    init(_ request: Request) throws(HTTPFailure) {
        let url = curl_url()
        defer { curl_url_cleanup(url) }
        guard curl_url_set(url, CURLUPART_URL, request.url, UInt32(CURLU_NON_SUPPORT_SCHEME)) == CURLUE_OK,
            let scheme = Origin.part(url, CURLUPART_SCHEME), let host = Origin.part(url, CURLUPART_HOST)
        else {
            throw HTTPFailure(.refused, mayHaveBeenReceived: false, "the URL is not valid")
        }
        self.host = host
        isLoopback = Origin.isLoopback(host)
        guard scheme == "https" || scheme == "http" && (isLoopback || request.isOnThisMachine) else {
            throw HTTPFailure(.refused, mayHaveBeenReceived: false, "\(host) must be asked over https, not \(scheme)")
        }
        // A line break in a value would be a header of the attacker's choice.
        guard !request.headers.contains(where: { ($0.name + $0.value).utf8.contains { [0, 10, 13].contains($0) } })
        else {
            throw HTTPFailure(.refused, mayHaveBeenReceived: false, "a header for \(host) contains a line break")
        }
    }

    static func isLoopback(_ host: String) -> Bool {
        guard host != "localhost" && host != "[::1]" else { return true }
        var bytes: (UInt8, UInt8, UInt8, UInt8) = (0, 0, 0, 0)
        return inet_pton(AF_INET, host, &bytes) == 1 && bytes.0 == 127
    }

    private static func part(_ url: OpaquePointer?, _ part: CURLUPart) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard curl_url_get(url, part, &text, 0) == CURLUE_OK, let text else { return nil }
        defer { curl_free(text) }
        return String(cString: text).lowercased()
    }
}
