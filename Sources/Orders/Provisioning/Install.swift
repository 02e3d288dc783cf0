import AWS
import Crypto
import HTTP

/// What is known of a WHMCS install: whether a marker that is written comes back. `notes` in AddOrder is not documented,
/// so that it may work on one install and not on the next, or no longer after an update.
struct Install {
    /// What this process knows already, so that not every order asks or writes.
    final class Memory {
        var markerCameBack: Bool?
    }

    private let key: String
    private let ledger: Ledger
    private let memory: Memory

    init(url: String, ledger: Ledger, memory: Memory) {
        key = "install#" + hex(sha256(Array(url.utf8)))
        self.ledger = ledger
        self.memory = memory
    }

    /// Whether the last order that was read back had its marker.
    func isMarkerProven() throws -> Bool {
        // Another process may have seen it since.
        try ledger.table.get(key)?["markerCameBack"]?.bool ?? false
    }

    func remember(markerCameBack: Bool) throws {
        guard memory.markerCameBack != markerCameBack else { return }
        let changes: Changes = ["markerCameBack": .bool(markerCameBack), "updatedAt": .number(Double(ledger.now()))]
        // The last one to have looked is right.
        let always = Write.Expression("attribute_exists(#pk) OR attribute_not_exists(#pk)")
        _ = try ledger.table.write(.update(key, update(changes), if: always))
        memory.markerCameBack = markerCameBack
    }
}
