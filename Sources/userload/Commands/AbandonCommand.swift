// `userload abandon`: a job whose pusher will not come back stops counting as open.

import CommandLineOptions
import Pipeline
import Records

extension Command {
    static let abandon = Command(
        CommandDescription(
            "abandon", summary: "take a job that will not be finished off the list of open ones",
            discussion: [
                "Rows that are loaded stay. What still comes is loaded too, and the job is open again."
            ],
            operands: Operands("SLUG", 1...1), options: Options.postgres + Options.logging,
            examples: [Example("userload abandon 4x7k2m9q", "Its pusher is gone for good.")])
    ) { arguments, context in
        let session = try context.openDatabase(arguments)
        let job = try session.job(arguments.operands[0])
        guard job.id != .foreign else {
            throw Failure(.usage, "the job of other producers (-) has no end, so it cannot be abandoned")
        }
        guard job.state != .completed else {
            try context.output.line("\(job.slug) is completed: nothing to abandon")
            return .done
        }
        guard try session.jobs.abandon(job.id) else { throw session.noSuchJob(job.slug) }
        try context.output.line("abandoned \(job.slug)")
        return .done
    }
}
