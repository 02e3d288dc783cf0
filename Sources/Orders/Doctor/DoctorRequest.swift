import JSON
import Lambda

/// An operator's `{"doctor": true}`, or `{"doctor": "catalogue"}` of a schedule.
enum DoctorRequest {
    case all, catalogue

    /// - Returns: nil for any other event.
    init?(_ event: JSON?) throws(FunctionError) {
        switch event?["doctor"] {
        case nil: return nil
        case .bool(true): self = .all
        case .string("catalogue"): self = .catalogue
        default: throw FunctionError("MalformedEvent", "doctor in the event must be true or \"catalogue\"")
        }
    }
}
