// What people and settings say: arguments, names and files of settings. What is taken is read back as the same, and what is
// refused is refused in words that can be shown.

import FileNames
import Foundation
import Log

@testable import CommandLineOptions
@testable import Files
@testable import Kafka
@testable import Pipeline
@testable import Records

func fuzzWords(_ bytes: Bytes) {
    let word = text(bytes)
    checkEncoding(word)
    checkTable(word)
    checkDuration(word)
    checkLimit(word)
    if let dialect = Dialect(argument: word) {
        check(Dialect(argument: dialect.argument) == dialect, "another delimiter")
    }
    checkConfiguration(word)
    checkHolder(bytes)
    checkCommandLine(bytes)
}

/// A sentence, as a person sees it.
private func checkSentence(_ message: String) {
    check(!message.isEmpty, "refused without words")
    check(isInert(escaped(message)), "a message that a terminal obeys: \(Array(message.utf8))")
}

// MARK: Single values

private func checkEncoding(_ name: String) {
    do throws(FileError) {
        let encoding = try TextEncoding(named: name)
        check((try? TextEncoding(named: encoding.name)) == encoding, "\(encoding) is another encoding than itself")
        check((try? TextEncoding(named: name.lowercased())) == encoding, "\(name) is another encoding in lower case")
    } catch {
        // It does without the name.
        check(!error.message.isEmpty && isInert(error.message), "words that cannot be shown")
        check(!name.isEmpty && name.utf8.count < 9 || !["UTF-8", "UTF-16"].contains(name), "\(name) is refused")
    }
}

private func checkTable(_ text: String) {
    do throws(PipelineError) {
        let name = try TableName(parsing: text)
        let again = try? TableName(parsing: name.quoted)
        check(
            again.map { same($0.quoted, name.quoted) } ?? false, "\(name.quoted) is read as \(again?.quoted ?? "none")")
        let parts = [name.schema, name.table].compactMap { $0 }
        check(
            parts.allSatisfy { (1...63).contains($0.utf8.count) && !$0.utf8.contains(0) }, "a name that Postgres cuts")
        guard !text.utf8.contains(UInt8(ascii: "\"")) else { return }
        // Without quotes only ASCII letters change.
        let plain = text.utf8.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        check(name.text.utf8.elementsEqual(plain), "\(text) is read as \(name.text)")
    } catch {
        checkSentence(error.message)
        let isPlain = text.utf8.allSatisfy { (0x61...0x7A).contains($0) } && (1...63).contains(text.utf8.count)
        check(!isPlain, "\(text) is refused")
    }
}

private func checkDuration(_ text: String) {
    let bytes = Array(text.utf8)
    let seconds: [UInt8: Int128] = [0x73: 1, 0x6D: 60, 0x68: 3_600, 0x64: 86_400]
    let isNumber = bytes.count > 1 && bytes.dropLast().allSatisfy(isDigit)
    let expected = bytes.last.flatMap { seconds[$0] }.flatMap { unit in
        isNumber ? Int128(String(text.dropLast())).map { $0.multipliedReportingOverflow(by: unit) } : nil
    }
    guard let duration = parseDuration(text) else {
        check(expected.map { $0.overflow || $0.partialValue > Int64.max } ?? true, "\(text) is refused")
        return
    }
    check(duration.components.attoseconds == 0, "a fraction of a second")
    check(Int128(duration.components.seconds) == expected?.partialValue, "\(text) is \(duration)")
    check(parseDuration(spelled(duration)) == duration, "\(duration) is spelled \(spelled(duration))")
}

private func checkLimit(_ text: String) {
    guard let limit = RecordLimits.Rejects(argument: text) else {
        check(text.isEmpty || !text.utf8.allSatisfy(isDigit) || UInt64(text) == nil, "\(text) is refused")
        return
    }
    guard let again = RecordLimits.Rejects(argument: limit.text) else { fail("\(limit.text) is refused") }
    check(limit.allows(0, of: 7), "no reject is one too many")
    switch limit {
    case .count(let most): check(UInt64(text) == most && again == limit, "\(text) is printed as \(limit.text)")
    case .percent(let most):
        check((0...100).contains(most) && limit.allows(7, of: 7) == (most == 100), "\(most) percent")
        // No file is large enough for more digits.
        guard case .percent(let other) = again else { fail("\(limit.text) is a count") }
        check(abs(most - other) <= 1e-20, "\(text) is printed as \(limit.text)")
    }
}

// MARK: Files

/// Lines, by bytes: blank ones and comments left out, split at the first `=`.
private func checkConfiguration(_ text: String) {
    func trim(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        let blanks: [UInt8] = [0x20, 0x09, 0x0D]
        return bytes.drop { blanks.contains($0) }.reversed().drop { blanks.contains($0) }.reversed()
    }
    let lines = Array(text.utf8).split(separator: 0x0A, omittingEmptySubsequences: false).map(trim)
    let expected = lines.enumerated().filter { !$1.isEmpty && $1[0] != UInt8(ascii: "#") }.map { index, line in
        let parts = line.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
        return (line: index + 1, parts: parts.map(trim), isSound: parts.count == 2 && !parts[0].isEmpty)
    }
    do throws(ConfigurationError) {
        let entries = try ConfigurationFile.parse(text: text, path: "/a")
        check(entries.count == expected.count, "\(entries.count) entries for \(expected.count)")
        for (entry, wanted) in zip(entries, expected) {
            check(
                wanted.isSound && entry.line == wanted.line && entry.key.utf8.elementsEqual(wanted.parts[0])
                    && entry.value.utf8.elementsEqual(wanted.parts[1]), "\(entry) for \(wanted)")
        }
        let written = entries.map { "\($0.key)=\($0.value)\n" }.joined()
        let again = (try? ConfigurationFile.parse(text: written, path: "/a")) ?? []
        check(again.map(\.value) == entries.map(\.value), "\(written) is read otherwise")
    } catch {
        checkSentence(error.message)
        guard let first = expected.first(where: { !$0.isSound }) else { fail("refused: \(error.message)") }
        check(error.message.hasPrefix("/a:\(first.line): "), "\(error.message), but it is line \(first.line)")
    }
}

private let lockPath = "/dev/shm/userload-fuzz-\(getpid()).lock"

/// Held by this process, which has written anything into it.
private let lock: Int32 = {
    let descriptor = open(lockPath, O_RDWR | O_CREAT, 0o600)
    check(flock(descriptor, LOCK_EX) == 0, "cannot lock \(lockPath)")
    atexit { unlink(lockPath) }
    return descriptor
}()

/// Who has a lock, by its file.
private func checkHolder(_ bytes: Bytes) {
    let me = LockHolder(pid: 7, host: "h", since: Date(timeIntervalSince1970: 1_700_000_000), command: text(bytes))
    // As much as is read of it.
    if let json = try? JSONEncoder().encode(me), json.count <= 8_192 {
        check(holder(Array(json)) == me, "\(me) is not read back")
    }
    let found = holder(Array(bytes))
    let words = FileLocks.words(found)
    checkSentence(words)
    guard let found else { return }
    let object = (try? JSONSerialization.jsonObject(with: Data(bytes))) as? [String: Any]
    check(object?["pid"] as? Int == Int(found.pid) && found.pid > 0, "process \(found.pid)")
    check((object?["host"] as? String).map { same($0, found.host) } ?? false, "host \(found.host)")
    check(words.hasPrefix("process \(found.pid) on "), words)
}

private func holder(_ bytes: [UInt8]) -> LockHolder? {
    check(ftruncate(lock, 0) == 0 && pwrite(lock, bytes, bytes.count, 0) == bytes.count, "cannot write \(lockPath)")
    let me = LockHolder(pid: getpid(), host: "h", since: Date(), command: "")
    guard case .held(let holder) = PushLock.attempt(lockPath, as: me) else { fail("the lock is taken twice") }
    return holder
}

// MARK: A command line

private let label = Option.text("label", short: "l", "NAME", help: "")
private let count = Option.integer("count", "N", in: 1...100, help: "")
private let wait = Option.duration("wait", in: .seconds(1)...(.seconds(3600)), help: "")
private let quiet = Flag("quiet", short: "q", help: "")
private let map = RepeatedOption("map", "PAIR", help: "")
private let program = ProgramDescription(
    name: "load", summary: "",
    commands: [
        CommandDescription(
            "push", summary: "", operands: Operands("FILE", 0...Int.max), options: [label, count, wait, quiet, map],
            examples: [])
    ])

/// Words are the lines of the input.
private func checkCommandLine(_ bytes: Bytes) {
    let words = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).prefix(8).map { line in
        String(fileSystemBytes: line.filter { $0 != 0 })
    }
    let expected = ReferenceArguments.read(words)
    let invocation: Invocation
    do throws(UsageError) {
        invocation = try program.parse(["push"] + words)
    } catch {
        check(!error.message.isEmpty && isInert(error.message), "words that cannot be shown: \(error.message)")
        guard case .failure(let problem) = expected else { fail("\(words) are refused: \(error.message)") }
        check(
            error.message.utf8.starts(with: escaped(problem.beginning).utf8),
            "\(error.message) for \(words), where \(problem.beginning) is wrong")
        return
    }
    guard case .success(let wanted) = expected else { fail("\(words) are taken") }
    guard case .command(_, let found) = invocation else {
        return check(wanted.has("help"), "help is shown for \(words)")
    }
    check(!wanted.has("help") && found[quiet] == wanted.has("quiet"), "other flags for \(words)")
    check(found.operands.elementsEqual(wanted.operands, by: same), "\(found.operands) for \(wanted.operands)")
    check(found[map].elementsEqual(wanted.values("map"), by: same), "\(found[map]) for \(words)")
    check(found[label].map { same($0, wanted.values("label").last ?? "") } ?? !wanted.has("label"), "another label")
    check(found[count] == wanted.values("count").last.flatMap { Int($0) }, "another number")
    check(found[wait] == wanted.values("wait").last.flatMap { parseDuration($0) }, "another time")
}

/// GNU's conventions, word by word; no abbreviations.
private struct ReferenceArguments {
    struct Problem: Error {
        /// Of the message.
        let beginning: String
    }

    var operands: [String] = []
    var options: [(name: String, value: String)] = []

    func values(_ name: String) -> [String] { options.filter { $0.name == name }.map(\.value) }
    func has(_ name: String) -> Bool { options.contains { $0.name == name } }

    static func read(_ words: [String]) -> Result<ReferenceArguments, Problem> {
        do throws(Problem) {
            var arguments = ReferenceArguments()
            try arguments.take(words[...])
            for (name, value) in arguments.options { try check(name, value) }
            if arguments.operands.contains(""), !arguments.has("help") {
                throw Problem(beginning: "an argument is empty")
            }
            return .success(arguments)
        } catch {
            return .failure(error)
        }
    }

    private mutating func take(_ words: ArraySlice<String>) throws(Problem) {
        var rest = words
        while let word = rest.popFirst() {
            let bytes = Array(word.utf8)
            if bytes == [0x2D, 0x2D] {
                operands += rest
                return
            }
            if bytes.starts(with: [0x2D, 0x2D]) {
                try takeLong(bytes, &rest)
            } else if bytes.count > 1, bytes[0] == 0x2D {
                try takeShort(bytes.dropFirst(), &rest)
            } else {
                operands.append(word)
            }
        }
    }

    private mutating func takeLong(_ word: [UInt8], _ rest: inout ArraySlice<String>) throws(Problem) {
        let parts = word.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
        let (spelling, name) = (text(parts[0]), text(parts[0].dropFirst(2)))
        if ["quiet", "help"].contains(name) {
            guard parts.count == 1 else { throw Problem(beginning: "\(spelling) takes no value") }
            options.append((name, ""))
        } else if ["label", "count", "wait", "map"].contains(name) {
            guard let value = parts.count == 2 ? text(parts[1]) : rest.popFirst() else {
                throw Problem(beginning: "\(spelling) needs a value")
            }
            options.append((name, value))
        } else {
            throw Problem(beginning: "unknown option \(spelling)")
        }
    }

    private mutating func takeShort(_ letters: ArraySlice<UInt8>, _ rest: inout ArraySlice<String>) throws(Problem) {
        for (index, letter) in zip(letters.indices, letters) {
            switch letter {
            case UInt8(ascii: "q"): options.append(("quiet", ""))
            case UInt8(ascii: "h"): options.append(("help", ""))
            case UInt8(ascii: "l"):
                let value = index + 1 < letters.endIndex ? text(letters[(index + 1)...]) : rest.popFirst()
                guard let value else { throw Problem(beginning: "-l needs a value") }
                options.append(("label", value))
                return
            default:
                throw Problem(beginning: "unknown option -" + (letter < 0x80 ? text([letter]) : "?"))
            }
        }
    }

    private static func check(_ name: String, _ value: String) throws(Problem) {
        let isTaken =
            switch name {
            case "quiet", "help": true
            case "count": Int(value).map { (1...100).contains($0) && value.utf8.first != UInt8(ascii: "+") } ?? false
            case "wait": parseDuration(value).map { (.seconds(1)...(.seconds(3600))).contains($0) } ?? false
            default: !value.isEmpty
            }
        if !isTaken { throw Problem(beginning: "--\(name) ") }
    }
}
