import Foundation
import JSON
import TestSupport
import Testing

/// A file of events/.
func sampleEvent(_ name: String) throws -> JSON {
    let data = try Data(contentsOf: packageRoot.appending(path: "events/\(name)"))
    return try #require(JSON([UInt8](data)))
}
