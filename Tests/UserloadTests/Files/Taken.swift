// What a person sees of a file, and what push would send of it: for tables of files.

import CommandLineOptions
import Files
import Foundation
import Log
import Records
import TestSupport

@testable import Pipeline
@testable import userload

/// Either `line` and `rows`, or `refused`.
struct Taken: Equatable {
    /// `CSV, UTF-8, ",": name, age`
    var line: String?
    /// Sentences beside it.
    var notices: [String] = []
    /// `2 {"name":"Ann","age":35}`, or `3 ! not_an_integer`; the JSON without line feeds.
    var rows: [String] = []
    var refused: String?
    var wayOut: WayOut?

    init(_ path: String, _ flags: InputFlags = InputFlags()) throws {
        var options = PushOptions()
        options.input = flags
        options.showsValues = true
        do {
            let input = try ConcludedInput(path, options, Interrupt())
            line = input.line
            notices = input.conclusion.notices.map { $0.words(showingValues: true) }
            do {
                rows = try Self.rows(input)
            } catch {
                throw input.refusal(error)
            }
        } catch let error as PipelineError {
            refused = error.message
            wayOut = error.wayOut
        }
    }

    private static func rows(_ input: ConcludedInput) throws -> [String] {
        let scanner = try input.scannerFromStart(reading: {})
        try scanner.begin(input.conclusion)
        let plan = Plan(
            input: input.conclusion, encoding: input.encoding, keyFields: .standard, partitions: 1, onDuplicate: .skip)
        let stream = RecordStream(scanner: scanner, plan: plan, job: JobID(high: 1, low: 1))
        var rows: [String] = []
        while try stream.next() {
            let message = stream.outgoing
            if let errors = message.errors {
                let codes = (FieldError.parse(errors) ?? []).map(\.code).joined(separator: " ")
                rows.append("\(scanner.record.line) ! \(codes)")
            } else {
                let json = String(decoding: message.value.filter { $0 != 0x0A }, as: UTF8.self)
                rows.append("\(scanner.record.line) \(json)")
            }
        }
        return rows
    }

    /// The command that is printed, without the file; with today as `TODAY`.
    func command(_ path: String) -> String? {
        wayOut?.text(path, "load").replacingOccurrences(of: path, with: "FILE").replacing(
            /--as-of \d{4}-\d\d-\d\d/, with: "--as-of TODAY")
    }

    /// What comes of the file when a shell runs the command that is printed, up to userload's own arguments; `directory`
    /// is for what programs make of it.
    func afterCommand(_ path: String, _ directory: TemporaryDirectory) throws -> Taken {
        guard let wayOut else { throw TestSupportError("no command: \(self)") }
        let output = directory.path("output-\(UInt32.random(in: 0...UInt32.max))")
        let script = """
            userload() { if [ "${!#}" = - ]; then cat > '\(output)'; fi; printf '%s\\0' "$@" > '\(output).words'; }
            \(wayOut.text(path, "load"))
            """
        try run("/bin/bash", ["-euo", "pipefail", "-c", script])
        let words = try Data(contentsOf: URL(fileURLWithPath: output + ".words")).split(
            separator: 0, omittingEmptySubsequences: false
        ).dropLast().map { String(decoding: $0, as: UTF8.self) }
        guard case .command(_, let arguments) = try program.parse(words) else {
            throw TestSupportError("no command: \(words)")
        }
        let file = arguments.operands == ["-"] ? output : arguments.operands[0]
        return try Taken(file, try InputOptions.flags(arguments))
    }
}

extension TemporaryDirectory {
    /// Writes what a shell command makes of these bytes; the path.
    func write(_ name: String, _ bytes: some Sequence<UInt8>, through command: String) throws -> String {
        let input = try write(name + ".in", Data(bytes))
        try run("/bin/sh", ["-c", "{ \(command); } < '\(input)' > '\(path(name))'"])
        return path(name)
    }
}
