extension StringProtocol where SubSequence == Substring {
    /// Without white space at either end.
    public var trimmed: Substring {
        var rest = self[...].unicodeScalars
        while rest.first?.properties.isWhitespace == true { rest.removeFirst() }
        while rest.last?.properties.isWhitespace == true { rest.removeLast() }
        return Substring(rest)
    }
}
