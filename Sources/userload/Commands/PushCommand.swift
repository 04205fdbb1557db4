// `userload push`: files into Kafka.

import CommandLineOptions
import Pipeline

extension Command {
    static let push = Command(
        CommandDescription(
            "push", summary: "send files to Kafka, to be loaded by work",
            discussion: [
                "Each file is one job. Standard output has one line per file, in the order of the arguments: the job's "
                    + "slug, or - for a file that was refused. A job is identified by its content: the same command run "
                    + "again resumes where it stopped, or says that the file was already pushed.",
                "What a file is, is concluded from its first bytes: CSV with any usual delimiter and header, JSON lines, a "
                    + "JSON array or JSON objects one after the other; a line on standard error says what was concluded.",
                "FILE may be -, for standard input. Standard input and FIFOs can be read only once, so a push of them "
                    + "cannot be resumed.",
                "A line that is not a valid record is sent too, and is kept as a reject with all its errors. Of records "
                    + "with the same key the first one loaded stays; a duplicate's other fields are not loaded.",
            ],
            operands: Operands("FILE", 1...Int.max, completion: .files),
            options: Options.kafka + PushFlags.all + [PushFlags.print, MetricsFlags.metricsFile] + Options.logging,
            examples: [
                Example("userload push users.csv", "Sends one file and prints its slug."),
                Example("userload push --label nightly /data/*.csv", "From cron: only new files are sent."),
                Example("zcat people.jsonl.gz | userload push -", "From a pipe."),
            ])
    ) { arguments, context in
        context.recordRun("push", arguments, label: arguments[PushFlags.label])
        let (settings, topic) = try context.kafkaSettings(arguments)
        let options = try PushFlags.options(arguments, context)
        let chosen = context.chooseFiles(arguments)
        guard !chosen.names.isEmpty else { return chosen.exitCode }
        let report = PushReport(files: chosen.names, options, arguments, context)
        let pusher = Pusher(settings, topic: topic, options: options, interrupt: context.interrupt, event: report.tell)
        defer { pusher.close() }
        var code = chosen.exitCode
        pusher.push(chosen.names) { outcome in
            report.tell(outcome)
            context.record.count(outcome)
            code = max(code, outcome.exitCode)
        }
        report.conclude()
        return max(code, report.exitCode)
    }
}
