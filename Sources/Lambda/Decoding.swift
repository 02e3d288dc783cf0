import FoundationEssentials

/// Reads an event; what is missing or wrong names itself in the error.
///
/// - Parameter what: how a person calls it, "an API Gateway request" say.
public func decodeEvent<Event: Decodable>(_ type: Event.Type, from payload: [UInt8], as what: String)
    throws(FunctionError)
    -> Event
{
    do {
        return try JSONDecoder().decode(type, from: Data(payload))
    } catch let error as DecodingError {
        throw FunctionError("MalformedEvent", "the event is not \(what): \(explain(error))")
    } catch {
        throw FunctionError("MalformedEvent", "the event is not \(what)")
    }
}

private func explain(_ error: DecodingError) -> String {
    func path(_ context: DecodingError.Context, _ last: (any CodingKey)? = nil) -> String {
        (context.codingPath + (last.map { [$0] } ?? [])).map(\.stringValue).joined(separator: ".")
    }
    return switch error {
    case .keyNotFound(let key, let context): "\(path(context, key)) is missing"
    case .valueNotFound(_, let context): "\(path(context).isEmpty ? "it" : path(context)) is null"
    case .typeMismatch(_, let context): "\(path(context).isEmpty ? "it" : path(context)) has the wrong type"
    case .dataCorrupted: "it is not JSON"
    @unknown default: "it cannot be read"
    }
}
