/// What happens to one outside call of a program, or to the program at that moment.
public enum Trouble: Sendable, Equatable {
    /// The connection or the answer is spoilt.
    case fault(Fault)
    /// It is carried out, and the answer is withheld until the run is over.
    case withheld
    /// It is carried out, and answered, a while after the run is over, when another may be at work already.
    case late
    /// SIGKILL before the call goes out.
    case killedBefore
    /// It is carried out; SIGKILL before the answer is there.
    case killedAfter
    /// SIGKILL while the call is on its way; it is carried out that many s later, when another run may have ended already.
    case killedLate(after: Double)
    /// It goes well; from then on the service refuses connections until the run is over. Calls that come over a
    /// connection that is still open find it closed.
    case thenRefuses(OutsideCall.Service)

    /// How long after the run `late` is, in s.
    public static let lateness = 1.0
}
