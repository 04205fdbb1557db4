// Which of the files named are taken now: --min-age passes over those that may still be written, --if-any makes a pattern
// that names none fine.

import CommandLineOptions
import FileNames
import Foundation
import Glibc
import Log

/// The decision, apart from looking.
struct FileChoice {
    enum Look: Equatable {
        case regular(modified: Date)
        /// A stream, a folder, nothing: for whoever opens it.
        case other
    }

    enum Verdict: Equatable {
        case taken
        /// Written so many seconds ago.
        case young(Double)
        /// Written so many seconds in the future: no waiting makes it old soon.
        case ahead(Double)
    }

    static let minAge = Option.duration(
        "min-age", in: .seconds(1)...(.seconds(366 * 86_400)),
        help: "Skip a file that was written to more recently than this; the next run takes it. Not for a stream.")
    static let ifAny = Flag(
        "if-any", help: "FILE may be a pattern, such as '/data/*.csv'; one that names no file is fine.")

    let minAge: Duration?
    let now: Date

    func verdict(_ look: Look) -> Verdict {
        switch look {
        case .other: return .taken
        case .regular(let modified):
            guard let minAge else { return .taken }
            let age = now.timeIntervalSince(modified)
            if age >= minAge / .seconds(1) { return .taken }
            // Clocks of two hosts differ a little.
            return -age <= minAge / .seconds(1) ? .young(max(0, age)) : .ahead(-age)
        }
    }

    /// nil: there is nothing to say.
    func sentence(_ name: String, _ verdict: Verdict) -> String? {
        let limit = minAge.map(spelled) ?? ""
        switch verdict {
        case .taken: return nil
        case .young(let age):
            return "\(name)  passed over: written \(ageText(seconds: age)) ago (--min-age \(limit)); the next run "
                + "takes it"
        case .ahead(let seconds):
            return "\(name)  passed over: written \(ageText(seconds: seconds)) in the future, by this host's clock; "
                + "--min-age \(limit) needs a true one: see `date`, or run `touch \(shellQuoted(name))`"
        }
    }

    static func look(_ name: String) -> Look {
        guard name != "-" else { return .other }
        var status = stat()
        guard withFileName(name, { stat($0, &status) }) == 0, status.st_mode & S_IFMT == S_IFREG else {
            return .other
        }
        let modified = Double(status.st_mtim.tv_sec) + Double(status.st_mtim.tv_nsec) / 1e9
        return .regular(modified: Date(timeIntervalSince1970: modified))
    }

    /// The files that a pattern names, sorted; a name that is no pattern, or that there is, names itself. A shell leaves a
    /// pattern as it is where it names none, but also where the folder may not be read, or is not there: that is
    /// somebody's mistake.
    static func matches(_ name: String) -> [String] {
        let parts = pathParts(name)
        var status = stat()
        guard name != "-",
            let first = parts.firstIndex(where: { $0.unicodeScalars.contains { "*?[".unicodeScalars.contains($0) } }),
            withFileName(name, { lstat($0, &status) }) != 0
        else { return [name] }
        let folder = first == 0 ? "." : parts[..<first].joined(separator: "/") + "/"
        guard let opened = withFileName(folder, { opendir($0) }) else { return [name] }
        closedir(opened)
        var found = glob_t()
        defer { globfree(&found) }
        switch withFileName(name, { glob($0, 0, nil, &found) }) {
        case 0:
            return (0..<Int(found.gl_pathc)).compactMap { index in
                found.gl_pathv[index].map { path in
                    String(
                        fileSystemBytes: UnsafeBufferPointer(start: path, count: strlen(path)).map(
                            UInt8.init(bitPattern:)))
                }
            }
        case GLOB_NOMATCH: return []
        default: return [name]
        }
    }
}

/// The files of a push or a load.
struct ChosenFiles {
    var names: [String] = []
    /// Incomplete if one is passed over that the next run would pass over, too.
    var exitCode = ExitCode.done
}

extension Context {
    /// Looks at the files named, and says which are passed over.
    func chooseFiles(_ arguments: ParsedArguments) -> ChosenFiles {
        let choice = FileChoice(
            minAge: arguments[FileChoice.minAge], now: now())
        var chosen = ChosenFiles()
        let names = arguments.operands
        for name in arguments[FileChoice.ifAny] ? names.flatMap(FileChoice.matches) : names {
            let verdict = choice.verdict(FileChoice.look(name))
            if verdict == .taken { chosen.names.append(name) }
            guard let sentence = choice.sentence(name, verdict) else { continue }
            if case .ahead = verdict {
                logger.warning(sentence)
                chosen.exitCode = .incomplete
            } else {
                logger.info(sentence)
            }
        }
        return chosen
    }
}
