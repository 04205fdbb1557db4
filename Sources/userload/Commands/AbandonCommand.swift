// `userload abandon`: a job that nobody will finish pushing stops counting as open.

import CommandLineOptions
import Pipeline
import Records

extension Command {
    static let abandon = Command(
        CommandDescription(
            "abandon", summary: "stop counting a job as open that will not be finished",
            discussion: [
                "Rows already loaded stay. If more of its records arrive, they are loaded and the job is open again."
            ],
            operands: Operands("SLUG", 1...1), options: Options.postgres + Options.logging,
            examples: [Example("userload abandon 4x7k2m9q", "The rest of its file will not be pushed.")])
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
