// `userload push`: files into Kafka.

import CommandLineOptions
import Pipeline

extension Command {
    static let push = Command(
        CommandDescription(
            "push", summary: "send files to Kafka, to be loaded by work",
            discussion: [
                "Each file is one job; standard output is its slug, a line a file in the order of the arguments, or - for "
                    + "a file that was refused. A job is its content: the same command run again goes on where it stopped, "
                    + "or says that the file was already pushed.",
                "What a file is, is concluded from its first bytes: CSV with any usual delimiter and header, JSON lines, a "
                    + "JSON array or JSON objects one after the other; a line on standard error says what was concluded.",
                "FILE may be -, for standard input. Standard input and FIFOs can be read once: a push of "
                    + "them cannot go on.",
                "A line that is no valid record is sent, too, and is kept as a reject with all its errors. Of records with "
                    + "the same key the first one loaded stays; a duplicate's other fields are not loaded.",
            ],
            operands: Operands("FILE", 1...Int.max, completion: .files),
            options: Options.kafka + PushFlags.all + Options.logging,
            examples: [
                Example("userload push users.csv", "Send one file; prints its slug."),
                Example("userload push --label nightly /data/*.csv", "From cron: only what is new is sent."),
                Example("zcat people.jsonl.gz | userload push -", "From a pipe."),
            ])
    ) { arguments, context in
        let (settings, topic) = try context.kafkaSettings(arguments)
        let options = try PushFlags.options(arguments, context)
        let report = PushReport(files: arguments.operands, arguments, context)
        let pusher = Pusher(settings, topic: topic, options: options, interrupt: context.interrupt, event: report.tell)
        defer { pusher.close() }
        var code = ExitCode.done
        for file in arguments.operands {
            let outcome = pusher.push(file)
            report.tell(outcome)
            code = max(code, outcome.exitCode)
        }
        return code
    }
}
