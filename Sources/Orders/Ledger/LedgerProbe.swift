import AWS
import Basics

/// Whether the table answers, and lets this program do what it has to do. Neither call changes an item.
extension Ledger {
    func checkRead() throws(AWSFailure) {
        _ = try table.get(ItemKey.nothing)
    }

    /// Sends an update whose condition no item meets.
    ///
    /// - Parameter key: of an item that the program's role may update.
    func checkWrite(_ key: String = ItemKey.nothing) throws(AWSFailure) {
        _ = try table.write(.update(key, [.updatedAt: .milliseconds(now())], if: .present(.key) && .absent(.key)))
    }
}
