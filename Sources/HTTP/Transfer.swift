import Basics
import CCurl

/// One request in progress: its easy handle, and the part of the response received so far.
final class Transfer {
    let handle: UnsafeMutableRawPointer
    var result: CURLcode?
    private let origin: Origin
    private let maxResponseSize: Int
    private var sentHeaders: UnsafeMutablePointer<curl_slist>?
    private var headers: [Header] = []
    private var headersEnded = false
    private var body: [UInt8] = []

    /// - Throws: when libcurl does not take all of the request; then nothing of it may be sent.
    init(
        _ handle: UnsafeMutableRawPointer, _ request: Request, _ origin: Origin, maxResponseSize: Int
    ) throws(HTTPFailure) {
        self.handle = handle
        self.origin = origin
        self.maxResponseSize = maxResponseSize
        try setSecurity()
        try setUp(request)
        try setMethod(request)
        try setHeaders(request)
    }

    deinit {
        curl_slist_free_all(sentHeaders)
    }

    /// The transfer of a handle; `Curl.send` keeps it alive.
    static func of(_ handle: UnsafeMutableRawPointer?) -> Transfer? {
        var context: UnsafeMutableRawPointer?
        guard ccurl_get_pointer(handle, CURLINFO_PRIVATE, &context) == CURLE_OK else { return nil }
        return context.map { Unmanaged<Transfer>.fromOpaque($0).takeUnretainedValue() }
    }

    /// What protects the request, whatever libcurl's defaults are and the environment says: the scheme of the URL that was
    /// checked, a certificate of a known authority for the host, TLS 1.2 or later, no proxy, no redirect.
    private func setSecurity() throws(HTTPFailure) {
        try check(ccurl_set_string(handle, CURLOPT_PROTOCOLS_STR, origin.scheme))
        try check(ccurl_set_long(handle, CURLOPT_SSL_VERIFYPEER, 1))
        try check(ccurl_set_long(handle, CURLOPT_SSL_VERIFYHOST, 2))
        try check(ccurl_set_long(handle, CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2)))
        // Without it libcurl reads `https_proxy` and others.
        try check(ccurl_set_string(handle, CURLOPT_PROXY, ""))
        try check(ccurl_set_long(handle, CURLOPT_FOLLOWLOCATION, 0))
    }

    private func setUp(_ request: Request) throws(HTTPFailure) {
        let this = Unmanaged.passUnretained(self).toOpaque()
        try check(ccurl_set_pointer(handle, CURLOPT_PRIVATE, this))
        try check(ccurl_set_string(handle, CURLOPT_URL, request.url))
        try check(ccurl_set_long(handle, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1)))
        try check(ccurl_set_long(handle, CURLOPT_NOSIGNAL, 1))
        try check(ccurl_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, 3000))
        // To libcurl 0 means no limit.
        try check(ccurl_set_long(handle, CURLOPT_TIMEOUT_MS, request.timeout.map { max(1, $0) } ?? 0))
        // A frozen process does not see that a server has closed: an older connection is not reused.
        try check(ccurl_set_long(handle, CURLOPT_MAXAGE_CONN, 15))
        if !request.isIdempotent {
            try check(ccurl_set_long(handle, CURLOPT_FRESH_CONNECT, 1))
            try check(ccurl_set_long(handle, CURLOPT_FORBID_REUSE, 1))
        }
        try check(ccurl_set_pointer(handle, CURLOPT_HEADERDATA, this))
        try check(
            ccurl_set_data_callback(handle, CURLOPT_HEADERFUNCTION) { data, size, count, context in
                Transfer.from(context).take(header: UnsafeRawBufferPointer(start: data, count: size * count))
            })
        try check(ccurl_set_pointer(handle, CURLOPT_WRITEDATA, this))
        try check(
            ccurl_set_data_callback(handle, CURLOPT_WRITEFUNCTION) { data, size, count, context in
                Transfer.from(context).take(body: UnsafeRawBufferPointer(start: data, count: size * count))
            })
    }

    private func setMethod(_ request: Request) throws(HTTPFailure) {
        guard request.method != "GET" else { return }
        // Without it libcurl waits for the body whose length the response to HEAD announces.
        guard request.method != "HEAD" else { return try check(ccurl_set_long(handle, CURLOPT_NOBODY, 1)) }
        // libcurl signs POSTFIELDS; it would sign a body from a callback as empty.
        try check(ccurl_set_offset(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(request.body.count)))
        let code = request.body.withUnsafeBytes { body in
            let start = body.baseAddress ?? UnsafeRawPointer(handle)
            return ccurl_set_pointer(handle, CURLOPT_COPYPOSTFIELDS, UnsafeMutableRawPointer(mutating: start))
        }
        try check(code)
        try check(ccurl_set_string(handle, CURLOPT_CUSTOMREQUEST, request.method))
    }

    private func setHeaders(_ request: Request) throws(HTTPFailure) {
        var headers = request.headers
        if let signature = request.signature {
            try check(
                ccurl_set_string(handle, CURLOPT_AWS_SIGV4, "aws:amz:\(signature.region):\(signature.service)"))
            try check(ccurl_set_string(handle, CURLOPT_USERNAME, signature.accessKeyId))
            try check(ccurl_set_string(handle, CURLOPT_PASSWORD, signature.secretAccessKey))
            if let token = signature.sessionToken { headers.append(Header("X-Amz-Security-Token", token)) }
        }
        for header in headers {
            // To libcurl "Name:" means to send no such header, also with white space after it; "Name;" has no value.
            try append(header.value.trimmed.isEmpty ? header.name + ";" : "\(header.name): \(header.value)")
        }
        // A large body does not wait for "100 Continue". Signed requests are never that large, and before libcurl 8.3 a
        // removed header breaks their signature.
        if request.signature == nil { try append("Expect:") }
        try check(ccurl_set_list(handle, CURLOPT_HTTPHEADER, sentHeaders))
    }

    private func append(_ header: String) throws(HTTPFailure) {
        guard let longer = curl_slist_append(sentHeaders, header) else {
            throw origin.notSent("no memory for a header")
        }
        sentHeaders = longer
    }

    private func check(_ code: CURLcode) throws(HTTPFailure) {
        guard code == CURLE_OK else { throw origin.notSent(String(cString: curl_easy_strerror(code))) }
    }

    private static func from(_ context: UnsafeMutableRawPointer?) -> Transfer {
        // libcurl returns the pointer that `setUp` gave it.
        Unmanaged<Transfer>.fromOpaque(context.unsafelyUnwrapped).takeUnretainedValue()
    }

    private func take(header line: UnsafeRawBufferPointer) -> Int {
        // Another status line follows an interim response (100 Continue) and starts the headers anew.
        if line.starts(with: "HTTP/".utf8) {
            headers = []
            headersEnded = false
        } else if let colon = line.firstIndex(of: UInt8(ascii: ":")) {
            headers.append(Header(Transfer.text(line[..<colon]), Transfer.text(line[(colon + 1)...])))
        } else if line.allSatisfy(isSpace) {
            headersEnded = true
        }
        return line.count
    }

    private static func text(_ bytes: Slice<UnsafeRawBufferPointer>) -> String {
        let start = bytes.drop(while: isSpace)
        let end = start.lastIndex { !isSpace($0) }.map { $0 + 1 } ?? start.startIndex
        return String(decoding: start[..<end], as: UTF8.self)
    }

    private func take(body data: UnsafeRawBufferPointer) -> Int {
        guard body.count + data.count <= maxResponseSize else { return 0 }
        body.append(contentsOf: data)
        return data.count
    }

    func response() throws(HTTPFailure) -> Response {
        guard let result, result == CURLE_OK else { throw failure(result ?? CURLE_FAILED_INIT) }
        // libcurl takes a connection that closes within the headers for a success.
        guard headersEnded else { throw failure(CURLE_PARTIAL_FILE) }
        var status = 0
        var microseconds: curl_off_t = 0
        guard ccurl_get_long(handle, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK,
            ccurl_get_offset(handle, CURLINFO_TOTAL_TIME_T, &microseconds) == CURLE_OK
        else { throw failure(CURLE_FAILED_INIT) }
        return Response(status: status, headers: headers, body: body, milliseconds: Double(microseconds) / 1000)
    }

    private func failure(_ code: CURLcode) -> HTTPFailure {
        // Not 0 once the connection, TLS included, is made and the request about to be sent.
        var ready: curl_off_t = 0
        var sent = 0
        let isKnown =
            ccurl_get_offset(handle, CURLINFO_PRETRANSFER_TIME_T, &ready) == CURLE_OK
            && ccurl_get_long(handle, CURLINFO_REQUEST_SIZE, &sent) == CURLE_OK
        let mayHaveBeenReceived = !isKnown || ready > 0 || sent > 0
        let kind: HTTPFailure.Kind =
            switch code {
            case CURLE_OPERATION_TIMEDOUT: .timedOut
            case CURLE_WRITE_ERROR: .tooLarge
            case _ where !mayHaveBeenReceived: .notConnected
            default: .broken
            }
        let reason = kind == .tooLarge ? "the response is too large" : String(cString: curl_easy_strerror(code))
        return HTTPFailure(kind, mayHaveBeenReceived: mayHaveBeenReceived, "\(origin.host): \(reason)")
    }
}

/// White space of HTTP, line ends included.
private func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0d || byte == 0x0a }
