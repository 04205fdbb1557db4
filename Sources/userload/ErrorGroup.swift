// Errors by code, the most frequent first, as `check`, `push`, `load` and `status` show them.

import CommandLineOptions
import Log
import Pipeline
import Records

/// All errors of one code.
struct ErrorGroup {
    enum Place {
        case line(Int64)
        /// Of what other producers put into the topic.
        case message(partition: Int32, offset: Int64)
    }

    struct Example {
        let place: Place
        let error: FieldError
        /// nil: there is none, or it cannot be told. Personal.
        let value: [UInt8]?
    }

    let code: String
    let count: Int64
    /// The first few.
    let examples: [Example]

    init(_ errors: ErrorTally.Errors) {
        code = errors.code
        count = Int64(clamping: errors.count)
        examples = errors.examples.map {
            Example(place: .line(Int64(clamping: $0.line)), error: $0.error, value: $0.value)
        }
    }

    /// - Parameter records: of the job.
    init(_ errors: JobErrors.Code, of job: JobStatus, _ records: KeptRecords) {
        code = errors.code
        count = errors.count
        examples = errors.first.map { example in
            Example(
                place: job.id == .foreign
                    ? .message(partition: example.partition, offset: example.kafkaOffset) : .line(example.line),
                error: example.error,
                value: records.value(of: example.error, in: example.bytes, isOriginal: example.form != .json))
        }
    }

    /// `  512 not_an_integer`, and under it `    line 9  age "abc" is not a whole number`. Escaped.
    func lines(showsValues: Bool) -> [String] {
        let rows = examples.map { example in
            ["    " + example.place.words, describe(example.error, value: showsValues ? example.value : nil)]
        }
        let others = count - Int64(examples.count)
        return
            (["  \(grouped(count)) \(code)"] + aligned(rows)
            + (others > 0 ? ["    and \(grouped(others)) more"] : [])).map(escaped)
    }

    func document(showsValues: Bool) -> JSONValue {
        let first = examples.map { example in
            var members = example.place.members
            members.append(("field", .string(example.error.field)))
            members.append(("message", .string(example.error.message)))
            if showsValues {
                members.append(("value", JSONValue(example.value.map { String(decoding: $0, as: UTF8.self) })))
            }
            return JSONValue.object(members)
        }
        return .object([("code", .string(code)), ("count", .integer(count)), ("first", .list(first))])
    }
}

extension ErrorGroup.Place {
    var words: String {
        switch self {
        case .line(let line): "line \(grouped(line))"
        case .message(let partition, let offset): "partition \(partition), offset \(offset)"
        }
    }

    var members: [(String, JSONValue)] {
        switch self {
        case .line(let line): [("line", .integer(line))]
        case .message(let partition, let offset):
            [("partition", .integer(Int64(partition))), ("offset", .integer(offset))]
        }
    }
}

/// `age "abc" is not a whole number`; an error of the whole record is a sentence, and the record's beginning follows it.
func describe(_ error: FieldError, value: [UInt8]? = nil) -> String {
    let quoted = value.map { "\"\(escaped(bytes: $0))\"" }
    guard !error.field.isEmpty else { return error.message + (quoted.map { ": " + $0 } ?? "") }
    return [error.field, quoted, error.message].compactMap { $0 }.joined(separator: " ")
}

/// The commands for the rejects of a job, ready to be copied.
struct RejectCommands {
    let slug: String
    /// nil: JSON lines.
    let form: Form?
    /// What push was told of the file.
    let flags: InputFlags
    var onDuplicate = OnDuplicate.skip

    /// Makes a file of them, and loads it.
    var mending: String {
        let file = form == .csv ? "fix.csv" : "fix.jsonl"
        return "`userload rejects \(slug) -o \(file)`, edit it, `\(load(file))`"
    }

    /// Loads that file. Its columns need no options; what happens to its records does.
    func load(_ file: String) -> String {
        var words = ["userload", "load"]
        if flags.lenient { words.append("--lenient") }
        if !onDuplicate.skips { words += ["--on-duplicate", onDuplicate.rawValue] }
        // A name like an option is written as a path.
        return (words + [file.hasPrefix("-") ? "./" + file : file]).map(shellQuoted).joined(separator: " ")
    }

    /// Escaped.
    /// - Parameter isLoaded: the rejects are in the database.
    func lines(isLoaded: Bool) -> [String] {
        let condition = isLoaded ? "" : " once they are loaded"
        return ["to see them all\(condition): `userload rejects \(slug)`", "to correct them: \(mending)"].map(escaped)
    }
}

extension JobStatus {
    /// What push was told of the file; nil: that is not known, or this userload does not know these options.
    var inputFlags: InputFlags? {
        guard let options, let invocation = try? program.parse(["push"] + options),
            case .command(_, let arguments) = invocation,
            // Push never sends its name: nobody else may have this host's files read.
            arguments[InputOptions.mapFile] == nil
        else { return nil }
        return try? InputOptions.flags(arguments)
    }

    var rejectCommands: RejectCommands {
        RejectCommands(
            slug: slug, form: format.flatMap(Form.init), flags: inputFlags ?? InputFlags(),
            onDuplicate: onDuplicate.flatMap(OnDuplicate.init) ?? .skip)
    }

    /// By code, with the values of the records that were kept.
    func groups(_ errors: JobErrors) -> [ErrorGroup] {
        let records = keptRecords
        return errors.codes.map { ErrorGroup($0, of: self, records) }
    }

    /// How its rejects are read.
    var keptRecords: KeptRecords {
        KeptRecords(
            isCSV: format == Form.csv.rawValue, delimiter: delimiter?.utf8.first, header: header.map { Array($0) },
            flags: inputFlags)
    }
}
