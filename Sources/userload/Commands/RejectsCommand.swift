// `userload rejects`: the records that were not loaded, to be read, or to be corrected and pushed again.

import CommandLineOptions
import Foundation
import Log
import Pipeline
import Records

extension Command {
    private static let raw = Flag(
        "raw", help: "Print the header row and the original records, to be corrected and pushed again.")

    private static let summary = Flag("summary", help: "Print how many there are of each code, and no records.")

    static let rejects = Command(
        CommandDescription(
            "rejects", summary: "print the records of a job that were not loaded, and why",
            discussion: [
                "Each is printed with its line, its byte offset, all its errors and its original bytes, and then the "
                    + "command that makes a file of them. Of a record longer than 1 MiB only the first 64 KiB are kept; "
                    + "--raw leaves it out and says so."
            ],
            operands: Operands("SLUG", 1...1),
            options: [raw, summary, Options.json] + Options.postgres + Options.logging,
            examples: [
                Example("userload rejects 4x7k2m9q", "To read."),
                Example("userload rejects --summary 4x7k2m9q", "What is wrong with how many of them."),
                Example("userload rejects --raw 4x7k2m9q > fix.csv", "To correct; then `userload load fix.csv`."),
            ])
    ) { arguments, context in
        guard !(arguments[raw] && arguments[Options.json]) else {
            throw Failure(.usage, "--raw and --json cannot be used together")
        }
        guard !(arguments[raw] && arguments[summary]) else {
            throw Failure(.usage, "--raw and --summary cannot be used together")
        }
        let session = try context.openDatabase(arguments)
        let job = try session.job(arguments.operands[0])
        if arguments[summary] {
            let codes = try session.jobs.rejectCodes(of: job.id)
            let lines =
                arguments[Options.json] ? [rejectCodesDocument(codes, of: job).text] : rejectCodesReport(codes, of: job)
            for line in lines { try context.output.line(line) }
        } else if arguments[raw] {
            try printRaw(job, session, context)
        } else if arguments[Options.json] {
            try session.jobs.rejects(of: job.id) { reject in
                try context.output.line(rejectDocument(reject, of: job).text)
            }
        } else {
            var (all, leftOut) = (0, 0)
            try session.jobs.rejects(of: job.id) { reject in
                all += 1
                if reasonToLeaveOut(reject, of: job) != nil { leftOut += 1 }
                for line in rejectReport(reject, of: job) { try context.output.line(line) }
            }
            try context.output.flush()
            context.logger.info(rejectsEnd(all, leftOut: leftOut, of: job))
        }
        return .done
    }
}

/// What comes behind the rejects.
/// - Parameter leftOut: those that cannot stand in a file.
func rejectsEnd(_ all: Int, leftOut: Int, of job: JobStatus) -> String {
    if all == 0 { return noRejects(job) }
    if leftOut == all { return "none of them can be loaded from a file: they are not kept as they stood in theirs" }
    return "to correct them: \(job.rejectCommands.mending)"
        + (leftOut > 0 ? "; \(grouped(leftOut)) of them cannot be in that file, --raw says why" : "")
}

/// Why there are none to print.
func noRejects(_ job: JobStatus) -> String {
    job.rejected > 0
        ? "the \(counted(job.rejected, "reject")) of \(job.slug) are not kept any more: they were deleted, as by "
            + "`userload prune`"
        : "no rejects of \(job.slug)"
}

/// `line 17, byte 1,204: age is not a whole number`, and the record under it, escaped.
func rejectReport(_ reject: Reject, of job: JobStatus) -> [String] {
    var place = "line \(grouped(reject.line)), byte \(grouped(reject.byteOffset))"
    if job.id == .foreign { place = "partition \(reject.partition), offset \(reject.kafkaOffset)" }
    let note =
        switch reject.form {
        case .raw: ""
        case .truncated: " (the first \(grouped(reject.bytes.count)) of \(grouped(reject.length)) bytes)"
        case .json: " (as JSON)"
        }
    return [
        escaped(place + ": " + reject.errors.map { describe($0) }.joined(separator: "; ")) + note,
        "    " + escaped(bytes: reject.bytes),
    ]
}

/// The record as a string where it is UTF-8, else in base64.
func rejectDocument(_ reject: Reject, of job: JobStatus) -> JSONValue {
    let record =
        String(validating: reject.bytes, as: UTF8.self).map { ("record", JSONValue.string($0)) }
        ?? ("record_base64", .string(Data(reject.bytes).base64EncodedString()))
    let place: [(String, JSONValue)] =
        job.id == .foreign
        ? [("partition", .integer(Int64(reject.partition))), ("offset", .integer(reject.kafkaOffset))]
        : [("line", .integer(reject.line)), ("byte_offset", .integer(reject.byteOffset))]
    return .object(
        place + [
            ("length", .integer(reject.length)), ("form", .string(reject.form.rawValue)),
            ("errors", errorsDocument(reject.errors)), record,
        ])
}

private func printRaw(_ job: JobStatus, _ session: DatabaseSession, _ context: Context) throws {
    let newline = UInt8(ascii: "\n")
    if let header = job.header { try context.output.write(header + [newline]) }
    try session.jobs.rejects(of: job.id) { reject in
        if let reason = reasonToLeaveOut(reject, of: job) {
            context.logger.warning("line \(grouped(reject.line)) is left out: \(reason)")
        } else {
            try context.output.write(reject.bytes + [newline])
        }
    }
}

/// Why a record cannot stand in a file of the job's format; nil when it can.
func reasonToLeaveOut(_ reject: Reject, of job: JobStatus) -> String? {
    switch reject.form {
    case .truncated: "only \(grouped(reject.bytes.count)) of its \(grouped(reject.length)) bytes are kept"
    case .json where job.format == Format.csv.rawValue: "Postgres refused it, and it is kept as JSON (see --json)"
    case .raw, .json: nil
    }
}
