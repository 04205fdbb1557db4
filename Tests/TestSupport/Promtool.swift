// Prometheus' promtool, which says whether its servers would take a file.

internal import Foundation
package import Testing

package enum Promtool {
    /// In PATH, or where ./run.local.sh test puts it.
    package static let path: String? = {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized.path
        return ["/usr/bin/promtool", "/usr/local/bin/promtool", root + "/.local/tools/promtool"].first {
            FileManager.default.isExecutableFile(atPath: $0)
        }
    }()

    /// `promtool check metrics`; it also finds names that are against the habits.
    /// - Throws: what it says.
    package static func check(metrics text: String) throws {
        try run(path!, ["check", "metrics"], stdin: Data(text.utf8))
    }

    /// `promtool check rules`.
    package static func check(rules file: String) throws { try run(path!, ["check", "rules", file]) }
}

extension Trait where Self == ConditionTrait {
    package static var needsPromtool: Self {
        .enabled(if: Promtool.path != nil, "needs promtool of Debian's prometheus: ./run.local.sh test fetches it")
    }
}
