// `userload rejects`: the records that were not loaded, to be read, or to be corrected and loaded.

import CommandLineOptions
import Foundation
import Log
import Pipeline
import Records

extension Command {
    private static let output = Option.text(
        "output", short: "o", "FILE",
        help: "Write a file of them, to be corrected and loaded: CSV, or JSON lines of JSON; - is standard output.")

    private static let force = Flag("force", help: "Let --output replace a file.")

    private static let all = Flag("all", help: "Also those that were fixed since.")

    private static let raw = Flag(
        "raw", help: "Print the header row and the original records of one job as they came.")

    private static let summary = Flag("summary", help: "Print how many there are of each code, and no records.")

    static let rejects = Command(
        CommandDescription(
            "rejects", summary: "print the records of a job that were not loaded, and why",
            discussion: [
                "Each is printed with its line, its byte offset, all its errors and its original bytes, and then the "
                    + "command that makes a file of them. Of a label they are those of its latest run, of a file those "
                    + "of its latest push.",
                "The file of --output says in its first columns _job, _reject, _line and _errors which record each one "
                    + "is; the others have userload's own names for its fields, so that `userload load` needs no options "
                    + "for it. Correct them there and leave the first columns as they are: what is loaded counts as fixed "
                    + "in `status`, what is refused again has its new errors here. Of a record longer than 1 MiB only "
                    + "the first 64 KiB are kept; it is left out, which is said.",
            ],
            operands: Operands("SLUG|LABEL|FILE", 1...1, completion: .files),
            options: [output, force, all, raw, summary, Options.json] + Options.postgres + Options.logging,
            examples: [
                Example("userload rejects 4x7k2m9q", "To read."),
                Example("userload rejects --summary 4x7k2m9q", "What is wrong with how many of them."),
                Example(
                    "userload rejects 4x7k2m9q -o fix.csv",
                    "To correct with an editor or a spreadsheet; then `userload load fix.csv`."),
                Example("userload rejects nightly -o -", "Those of all files of a label's latest run."),
            ])
    ) { arguments, context in
        try checkRejectsForms(arguments)
        let file = try arguments[output].flatMap { $0 == "-" ? nil : try NewFile($0, replaces: arguments[force]) }
        let session = try context.openDatabase(arguments)
        let jobs = try session.rejectedJobs(arguments.operands[0], context)
        if let path = arguments[output] {
            try writeFixes(jobs, path, file, all: arguments[all], session, context)
        } else if arguments[raw] {
            guard jobs.count == 1 else {
                let slugs = jobs.prefix(10).map(\.slug).joined(separator: ", ")
                throw Failure(
                    .usage, "--raw prints the rejects of one job, and these are several: \(slugs)",
                    hint: "--output makes one file of all of them")
            }
            try printRaw(jobs[0], all: arguments[all], session, context)
        } else {
            for job in jobs {
                if jobs.count > 1, !arguments[Options.json] { try printTitle(job, context) }
                try printRejects(
                    job, all: arguments[all], isSummary: arguments[summary], json: arguments[Options.json], session,
                    context)
            }
        }
        return .done
    }

    private static func checkRejectsForms(_ arguments: ParsedArguments) throws {
        var forms: [String] = []
        if arguments[output] != nil { forms.append("--output") }
        if arguments[raw] { forms.append("--raw") }
        if arguments[summary] { forms.append("--summary") }
        // --summary has a form for programs.
        if arguments[Options.json], !arguments[summary] { forms.append("--json") }
        guard forms.count < 2 else { throw Failure(.usage, "\(forms[0]) and \(forms[1]) cannot be used together") }
        guard arguments[output] != nil || !arguments[force] else { throw Failure(.usage, "--force is for --output") }
    }
}

extension DatabaseSession {
    /// The jobs that a name means.
    /// - Throws: `Failure` with exit code 4: none.
    fileprivate func rejectedJobs(_ name: String, _ context: Context) throws -> [JobStatus] {
        switch try JobFinder(session: self, context: context).find(name) {
        case .job(let job, _): return [job]
        // The latest push.
        case .file(let jobs): return Array(jobs.prefix(1))
        case .runs(_, let jobs): return jobs
        case .journal(let entry, let place):
            throw Failure(
                .noSuchJob, "\(entry.job.slug) was pushed, and \(place) has none of it yet",
                hint: "`userload work` loads it")
        case .nothing(let failure): throw failure
        }
    }
}

private func printTitle(_ job: JobStatus, _ context: Context) throws {
    let name = StatusReport(job: job, times: Times(now: context.now())).name
    try context.output.line(escaped("\(name)  \(job.slug)"))
}

private func printRejects(
    _ job: JobStatus, all: Bool, isSummary: Bool, json: Bool, _ session: DatabaseSession, _ context: Context
) throws {
    if isSummary {
        let codes = try session.jobs.rejectCodes(of: job.id, all: all)
        let lines = json ? [rejectCodesDocument(codes, of: job).text] : rejectCodesReport(codes, of: job)
        for line in lines { try context.output.line(line) }
    } else if json {
        try session.jobs.rejects(of: job.id, all: all) { reject in
            try context.output.line(rejectDocument(reject, of: job).text)
        }
    } else {
        var (count, leftOut) = (0, 0)
        try session.jobs.rejects(of: job.id, all: all) { reject in
            count += 1
            if reject.form == .truncated { leftOut += 1 }
            for line in rejectReport(reject, of: job) { try context.output.line(line) }
        }
        try context.output.flush()
        context.logger.info(rejectsEnd(count, leftOut: leftOut, of: job))
    }
}

/// As it is; on a terminal, lines without what would steer it.
private func writeRecord(_ bytes: [UInt8], _ context: Context) throws {
    guard context.output.isTerminal else { return try context.output.write(bytes) }
    for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast() {
        try context.output.line(escaped(bytes: Array(line)))
    }
}

private func writeFixes(
    _ jobs: [JobStatus], _ path: String, _ file: NewFile?, all: Bool, _ session: DatabaseSession, _ context: Context
) throws {
    var fixes = FixFile(session: session, context: context, all: all)
    try fixes.write(jobs) { bytes in
        if let file { try file.write(bytes) } else { try writeRecord(bytes, context) }
    }
    try context.output.flush()
    try file?.finish()
    guard fixes.written > 0 else {
        return context.logger.info(
            fixes.leftOut > 0
                ? "none of them can be corrected in a file" : jobs.map(noRejects).joined(separator: "; "))
    }
    guard file != nil else { return }
    let load = jobs.first { $0.rejected > 0 }.map { $0.rejectCommands.load(path) } ?? ""
    let them = fixes.written == 1 ? "it" : "them"
    context.logger.info("\(counted(fixes.written, "reject")) in \(path): correct \(them) there, then `\(load)`")
}

/// What comes behind the rejects.
/// - Parameter leftOut: those that cannot stand in a file.
func rejectsEnd(_ all: Int, leftOut: Int, of job: JobStatus) -> String {
    if all == 0 { return noRejects(job) }
    if job.unfixed == 0 { return "all of them were fixed since" }
    if leftOut == all { return "only the beginning of them is kept: correct them in the file itself" }
    return "to correct them: \(job.rejectCommands.mending)"
        + (leftOut > 0 ? "; \(grouped(leftOut)) of them cannot be in that file, only their beginning is kept" : "")
}

/// Why there are none to print.
func noRejects(_ job: JobStatus) -> String {
    if job.rejected == 0 { return "no rejects of \(job.slug)" }
    if job.unfixed == 0 {
        return "the \(counted(job.rejected, "reject")) of \(job.slug) \(job.rejected == 1 ? "was" : "were all") fixed "
            + "since: --all lists \(job.rejected == 1 ? "it" : "them")"
    }
    return "the \(counted(job.rejected, "reject")) of \(job.slug) are not kept any more: they were deleted, as by "
        + "`userload prune`"
}

/// `line 17, byte 1,204: age is not a whole number`, and the record under it, escaped.
func rejectReport(_ reject: Reject, of job: JobStatus) -> [String] {
    var place = "line \(grouped(reject.line)), byte \(grouped(reject.byteOffset))"
    if job.id == .foreign { place = "partition \(reject.partition), offset \(reject.kafkaOffset)" }
    var note =
        switch reject.form {
        case .raw: ""
        case .truncated: " (the first \(grouped(reject.bytes.count)) of \(grouped(reject.length)) bytes)"
        case .json: " (as JSON)"
        }
    if reject.isFixed { note += " (fixed since)" }
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
        ] + (reject.isFixed ? [("fixed", .bool(true))] : []))
}

private func printRaw(_ job: JobStatus, all: Bool, _ session: DatabaseSession, _ context: Context) throws {
    let newline = UInt8(ascii: "\n")
    if let header = job.header { try writeRecord(header + [newline], context) }
    try session.jobs.rejects(of: job.id, all: all) { reject in
        if let reason = reasonToLeaveOut(reject, of: job) {
            context.logger.warning("line \(grouped(reject.line)) is left out: \(reason)")
        } else {
            try writeRecord(reject.bytes + [newline], context)
        }
    }
}

/// Why a record cannot stand in a file of the job's format; nil when it can.
func reasonToLeaveOut(_ reject: Reject, of job: JobStatus) -> String? {
    switch reject.form {
    case .truncated: "only \(grouped(reject.bytes.count)) of its \(grouped(reject.length)) bytes are kept"
    case .json where job.isCSV: "Postgres refused it, and it is kept as JSON (see --json)"
    case .raw, .json: nil
    }
}
