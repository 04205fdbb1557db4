// `userload undo`: what a job inserted is deleted again.

import CommandLineOptions
import Log
import Pipeline
import Records

extension Command {
    private static let dryRun = Flag("dry-run", help: "Only say what would be deleted.")
    private static let yes = Flag("yes", short: "y", help: "Do not ask; needed where there is no terminal to ask on.")

    static let undo = Command(
        CommandDescription(
            "undo", summary: "take back what a job inserted",
            discussion: [
                "Deletes the people that the job inserted, in one transaction. The job must have ended: completed, "
                    + "inconsistent, or given up with `userload abandon`. It is undone then, and what still comes of "
                    + "it is dropped.",
                "People that the job only found there (its duplicates) stay, and so do those that a later job updated: "
                    + "these are counted by job. What the job itself updated is not set back. Records of later jobs that were "
                    + "duplicates of the deleted people are not loaded by this: push those files with --again.",
            ],
            operands: Operands("SLUG", 1...1),
            options: [dryRun, yes] + Options.postgres + Options.logging,
            examples: [
                Example("userload undo --dry-run 4x7k2m9q", "How many people would be deleted?"),
                Example("userload undo 4x7k2m9q", "Says that, asks, and deletes them."),
            ])
    ) { arguments, context in
        let session = try context.openDatabase(arguments, patience: nil)
        try RowSecurity.check(session.connection, session.info)
        let job = try session.job(arguments.operands[0])
        guard job.id != .foreign else {
            throw Failure(.usage, "the job of other producers (-) has no end, so it cannot be undone")
        }
        if job.state == .undone {
            try context.output.line("\(job.slug) is undone already")
            return .done
        }
        guard job.state == .inconsistent || !job.isOpen else { throw notEnded(job, job.state) }
        let interrupt = context.interrupt
        let undo = JobUndo(
            session.connection, session.info, settings: try context.databaseTarget(arguments).settings,
            interrupt: { interrupt.isSet })
        let look = try undo.look(job.id)
        let stays = undoStays(look, of: job)
        if arguments[dryRun] {
            for line in ["would delete \(people(look.rows)) of \(job.slug)"] + stays { try context.output.line(line) }
            return .done
        }
        if !arguments[yes] {
            try context.confirm(
                "delete \(people(look.rows)) of \(job.slug)?",
                orElse: "to undo it without being asked: userload undo --yes \(job.slug)")
        }
        switch try undo.undo(job.id) {
        case .undone(let rows):
            for line in ["undone \(job.slug): \(people(rows)) deleted"] + stays { try context.output.line(line) }
            return .done
        case .notNow(let state): throw notEnded(job, state)
        case .noSuchJob: throw session.noSuchJob(job.slug)
        }
    }
}

private func notEnded(_ job: JobStatus, _ state: JobState) -> Failure {
    if state == .undone { return Failure(.incomplete, "\(job.slug) was undone meanwhile") }
    return Failure(
        .incomplete, "\(job.slug) is \(state.rawValue): only a job that has ended can be undone, nothing was deleted",
        hint: "`userload abandon \(job.slug)` ends it; then undo it")
}

/// `1 person`, `10,000 people`.
private func people(_ count: Int64) -> String { "\(grouped(count)) \(count == 1 ? "person" : "people")" }

/// What undoing does not change, and what to do about it. Escaped.
func undoStays(_ look: UndoLook, of job: JobStatus) -> [String] {
    var lines: [String] = []
    if look.keptRows > 0 {
        lines.append("\(people(look.keptRows)) that later jobs updated stay\(look.keptRows == 1 ? "s" : ""):")
        lines += look.kept.map { "  \(grouped($0.rows)) updated by \($0.slug)" }
        let rest = look.keptRows - look.kept.reduce(0) { $0 + $1.rows }
        if rest > 0 { lines.append("  \(grouped(rest)) updated by other jobs") }
    }
    if job.updated > 0 {
        lines.append(
            "\(people(job.updated)) that \(job.slug) updated \(job.updated == 1 ? "is" : "are") as it left them")
    }
    let duplicates = look.later.reduce(Int64(0)) { sum, job in
        let (total, overflow) = sum.addingReportingOverflow(job.duplicates)
        return overflow ? .max : total
    }
    if duplicates > 0 {
        let listed = look.later.prefix(5).map { "\($0.slug) (\(grouped($0.duplicates)))" }.joined(separator: ", ")
        let rest = look.later.count > 5 ? " and \(counted(look.later.count - 5, "other job"))" : ""
        let (were, are, them) =
            duplicates == 1 ? ("was a duplicate", "is", "it") : ("were duplicates", "are", "them")
        lines.append(
            "at most \(counted(duplicates, "record")) of later jobs \(were) of these people and \(are) not loaded: "
                + "\(listed)\(rest)")
        let files = look.later.count == 1 ? "the file of that job" : "the files of those jobs"
        lines.append("to load \(them): `userload load --again FILE` with \(files)")
    }
    return lines.map(escaped)
}
