// The options that say what a file is, where its bytes do not or somebody knows better.

import CommandLineOptions
import Files
import Foundation
import Pipeline
import Records

enum InputOptions {
    static let format = Option<Format>.choice(
        "format", "FORMAT", help: "What the files are written in.", default: "concluded from their first bytes")
    static let encoding = Option.text(
        "encoding", "NAME", help: "The encoding of the files, as iconv -l lists them.",
        default: "UTF-8, or UTF-16 by its byte order mark")
    static let delimiter = Option.text(
        "delimiter", "CHAR", help: "What separates the cells of CSV: \(delimiters).",
        default: "the one that yields the columns")
    static let skipLines = Option.integer(
        "skip-lines", "N", in: 1...1000, help: "Lines before the header of CSV.", default: "0")
    static let columns = Option.text(
        "columns", "NAMES", help: "The columns of CSV without a header, separated by commas.")
    static let null = Option.text("null", "TEXT", help: "Treat a CSV cell with this text as empty.")
    static let ragged = Flag("ragged", help: "Treat missing cells at the end of a CSV row as empty.")
    static let map = RepeatedOption(
        "map", "FIELD=HEADER,...",
        help:
            "Which column, or key of JSON, is which field. Fields are name, name.firstName, name.lastName, age, email, "
            + "phoneNumber, address and dotted paths. Can be given several times.")
    static let mapFile = Option.text("map-file", "FILE", help: "A file with one FIELD=HEADER on each line.")
    static let ageFrom = Option.text(
        "age-from", "HEADER", help: "Compute the age from a date of birth; needs --as-of.")
    static let asOf = Option.text("as-of", "DATE", help: "The day for which to work out the age: 2026-11-24.")
    static let dateFormat = Option<DateFormat>.choice(
        "date-format", "ORDER", help: "How dates of birth are written if not like 1990-12-31.",
        default: "none")
    static let lenient = Flag(
        "lenient",
        help:
            "Load a person whose email, phone number or address is invalid; it stays as it came in additional_info. A "
            + "first or a last name alone is a name.")

    static let maxRejects = Option<RecordLimits.Rejects>(
        OptionDefinition(
            long: "max-rejects", placeholder: "N|N%",
            help: "Refuse a file if more than this many records, or this percentage, would be rejected; not for a "
                + "stream.")
    ) { text throws(ValueProblem) in
        guard let limit = RecordLimits.Rejects(argument: text) else {
            throw ValueProblem("write a number of records, or a percentage like 0.5%")
        }
        return limit
    }
    static let minRecords = Option.integer(
        "min-records", "N", in: 0...Int.max, help: "Refuse a file with fewer records; not for a stream.")

    private static let delimiters = Dialect.delimiters.map(\.name).joined(separator: " ")

    static let all: [any DeclaredOption] = [
        format, encoding, delimiter, skipLines, columns, null, ragged, map, mapFile, ageFrom, asOf, dateFormat, lenient,
        maxRejects, minRecords,
    ]

    /// - Throws: `Failure` (usage).
    static func flags(_ arguments: ParsedArguments) throws -> InputFlags {
        var flags = InputFlags()
        flags.format = arguments[format]
        if let name = arguments[encoding] {
            do {
                _ = try TextEncoding(named: name)
            } catch {
                throw Failure(.usage, "--encoding \(name) \(error.message)")
            }
            flags.encoding = name
        }
        if let text = arguments[delimiter] {
            guard let dialect = Dialect(argument: text) else {
                throw Failure(.usage, "--delimiter \(text): must be one of \(delimiters)")
            }
            flags.delimiter = dialect.delimiter
        }
        flags.skipLines = arguments[skipLines] ?? 0
        flags.columns = arguments[columns].map {
            $0.split(separator: ",", omittingEmptySubsequences: false).map { String($0) }
        }
        flags.null = arguments[null]
        flags.ragged = arguments[ragged]
        flags.lenient = arguments[lenient]
        flags.map = try map(arguments)
        flags.ageFrom = try age(arguments)
        return flags
    }

    static func limits(_ arguments: ParsedArguments) -> RecordLimits {
        var limits = RecordLimits()
        limits.maxRejects = arguments[maxRejects]
        limits.minRecords = arguments[minRecords].map { UInt64($0) }
        return limits
    }

    private static func map(_ arguments: ParsedArguments) throws -> [FieldSource] {
        do {
            var pairs: [FieldSource] = []
            for text in arguments[map] { pairs += try ColumnMap.pairs(text) }
            if let path = arguments[mapFile] { pairs += try ColumnMap.file(try text(ofFile: path)) }
            try ColumnMap.check(pairs)
            return pairs
        } catch let error as ColumnMapError {
            throw Failure(.usage, error.message)
        }
    }

    /// A little more than a map may have, so that a large file is not read.
    private static func text(ofFile path: String) throws -> String {
        guard let file = FileHandle(forReadingAtPath: path),
            let data = try? file.read(upToCount: ColumnMap.maximumBytes + 1)
        else { throw Failure(.usage, "--map-file \(path) cannot be read") }
        guard data.count <= ColumnMap.maximumBytes else {
            throw Failure(.usage, "--map-file \(path) is too long: at most \(ColumnMap.maximumBytes) bytes")
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw Failure(.usage, "--map-file \(path) is not UTF-8 text")
        }
        return text
    }

    private static func age(_ arguments: ParsedArguments) throws -> AgeFrom? {
        let (column, day) = (arguments[ageFrom], arguments[asOf])
        guard let column, let day else {
            if column != nil {
                throw Failure(.usage, "--age-from needs --as-of, the day for which to work out the age")
            }
            if day != nil { throw Failure(.usage, "--as-of needs --age-from, the column with the date of birth") }
            if arguments[dateFormat] != nil { throw Failure(.usage, "--date-format needs --age-from and --as-of") }
            return nil
        }
        guard let date = CalendarDate(iso: day) else {
            throw Failure(.usage, "--as-of \(day): must be a day, as in 2026-11-24")
        }
        return AgeFrom(column: column, asOf: date, format: arguments[dateFormat])
    }
}
