import CCurl

/// Names and values as a form body or a query: all but letters, digits and `-._~` is written as `%XX`.
public func formEncoded(_ form: [(name: String, value: String)]) -> String {
    form.map { "\(percentEncoded($0.name))=\(percentEncoded($0.value))" }.joined(separator: "&")
}

private func percentEncoded(_ text: String) -> String {
    // To libcurl a length of 0 means to measure the text.
    guard !text.isEmpty else { return "" }
    let escaped = curl_easy_escape(nil, text, Int32(text.utf8.count))
    // An empty value instead would be another request.
    guard let escaped else { preconditionFailure("no memory for a form") }
    defer { curl_free(escaped) }
    return String(cString: escaped)
}
