// The program under test, and the samples beside its sources.

internal import Foundation

package enum Userload {
    /// Built by `swift test` beside the test bundle, which is the program that runs now.
    package static let binary: String =
        URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        .appendingPathComponent("userload").path

    package static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

    package static func sample(_ name: String) -> String { root + "/samples/" + name }
}
