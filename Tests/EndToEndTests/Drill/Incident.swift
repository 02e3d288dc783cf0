/// Something that goes wrong in production, and how the suite and the people around it recover.
struct Incident: Sendable {
    var name: String
    var title: String
    var play: @Sendable (DrillStage) throws -> Void

    static let all = [
        whmcsDown, moduleServerDown, tokenRevoked, poisonEvent, busUnreachable, secretRotated, ledgerRestored,
    ]
}
