import Foundation
import TestSupport
import Testbed

/// The programs as `swift build` has built them.
enum BuiltPrograms {
    /// They are in the directory of the tests.
    static let directory = Bundle.main.bundleURL.path

    /// The names that template.yaml gives its functions.
    static func names() throws -> [String] {
        try TemplateResources.functionNames(projectRoot: packageRoot.path)
    }
}
