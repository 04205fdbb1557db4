// `userload prune`: what is no longer needed of jobs that ended long ago.

import CommandLineOptions
import Log
import Pipeline
import Records

extension Command {
    private static let ages = Duration.seconds(0)...Duration.seconds(36_600 * 86_400)
    private static let olderThan = Option.duration(
        "older-than", in: ages, help: "Of jobs that ended, and runs that were, so long ago, like 90d. Required.")
    private static let rejectsOlderThan = Option.duration(
        "rejects-older-than", in: ages, help: "Of rejects: of jobs that ended so long ago. [default: as --older-than]")
    private static let dryRun = Flag("dry-run", help: "Only say what would be deleted.")

    static let prune = Command(
        CommandDescription(
            "prune", summary: "delete rejects, runs and journal entries of long ago",
            discussion: [
                "Of jobs that are completed, abandoned or undone it deletes the rejects, the header row, the options of "
                    + "the push, and the entries in this host's journal. Of runs it deletes those that are so old and not "
                    + "the newest of their label and host; of the job of other producers (-), which has no end, the "
                    + "rejects that are so old themselves. People stay, and so do the jobs with their counts and positions, "
                    + "so that nothing is loaded twice. Open jobs are not touched."
            ],
            options: [olderThan, rejectsOlderThan, dryRun] + Options.postgres + Options.logging,
            examples: [
                Example("userload prune --older-than 90d --dry-run", "What would be deleted?"),
                Example("userload prune --older-than 90d --rejects-older-than 30d", "From cron."),
            ])
    ) { arguments, context in
        guard let age = arguments[olderThan] else {
            throw Failure(.usage, "--older-than is required", hint: "for example: `userload prune --older-than 90d`")
        }
        let rejectsAge = arguments[rejectsOlderThan] ?? age
        let session = try context.openDatabase(arguments, patience: nil)
        let pruner = JobPruner(session.connection)
        let (seconds, rejectsSeconds) = (age.components.seconds, rejectsAge.components.seconds)
        var look = try pruner.look(age: seconds, rejectsAge: rejectsSeconds)
        let journal = Journal.directory(environment: context.environment).map(Journal.init(directory:))
        let ended = Set(look.endedJobs)
        let entries = (journal?.find(slugPrefix: "") ?? []).filter { $0.state != .open && ended.contains($0.job) }
        let verb = arguments[dryRun] ? "would delete" : "deleted"
        if !arguments[dryRun] {
            look = try pruner.prune(look, age: seconds, rejectsAge: rejectsSeconds)
            for entry in entries { try journal?.remove(entry) }
        }
        let foreign =
            look.foreignRejects > 0 ? "\(counted(look.foreignRejects, "reject")) of other producers (-), " : ""
        try context.output.line(
            "\(verb) \(counted(look.rejects, "reject")) of \(counted(look.rejectJobs.count, "job")), \(foreign)"
                + "header and options of \(counted(look.describedJobs.count, "job")), \(counted(look.runs, "run")), "
                + "\(entries.count == 1 ? "1 journal entry" : "\(grouped(entries.count)) journal entries")")
        return .done
    }
}
