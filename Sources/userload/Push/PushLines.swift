// The words of a push: pure functions of its outcome and progress.

import CommandLineOptions
import Foundation
import Log
import Pipeline
import Records

struct PushLines {
    /// The widest file name, for the columns.
    private let width: Int
    private let isOneFile: Bool
    /// What resumes a push that stopped.
    private let command: String
    private let times: Times
    /// `push` or `load`, and the options that have nothing to do with what a file is.
    private let subcommand: String
    private let others: [String]
    private let options: PushOptions
    /// What ended a push that was told to stop.
    var stoppedWord = "interrupted"

    init(
        files: [String], command: String, subcommand: String = "push", others: [String] = [],
        options: PushOptions = PushOptions(), times: Times
    ) {
        self.subcommand = subcommand
        self.others = others
        self.options = options
        width = files.map { displayWidth(escaped($0)) }.max() ?? 0
        isOneFile = files.count == 1
        self.command = command
        self.times = times
    }

    /// `a.csv  4x7k2m9q  120,000 records, 14.2 MB, 0.4 s`
    func summary(_ outcome: PushOutcome) -> String {
        pad(escaped(outcome.input), to: width) + "  " + pad(outcome.job?.slug ?? "-", to: 8) + "  "
            + sentence(outcome)
    }

    /// `a.csv: sending 61 %; 73,200 records, 310,000/s, ETA 2 s`
    static func progress(_ progress: PushProgress) -> String {
        let words: String
        switch progress.phase {
        case .checking: words = "checking \(reached(progress))"
        case .skipping:
            let target = progress.size.map { percent(progress.target, of: $0) } ?? sizeText(progress.target)
            words = "skipping to \(target) (already in Kafka)"
        case .sending:
            let seconds = progress.elapsed / .seconds(1)
            let rate = seconds > 0 ? Double(progress.records - progress.startRecords) / seconds : 0
            words =
                "sending \(reached(progress)); \(counted(progress.records, "record"))"
                + (rate >= 1 ? ", \(grouped(Int(rate)))/s" : "") + (remaining(progress).map { ", ETA \($0)" } ?? "")
        }
        return "\(escaped(progress.input)): \(words)"
    }

    /// The command that takes a file that was refused, in one line to paste; nil if none is known.
    func wayOut(_ outcome: PushOutcome) -> String? {
        guard case .failed(let error) = outcome.result else { return nil }
        return error.wayOut?.text(outcome.input, subcommand, others: others, limits: options.limits.words)
    }

    /// What goes on with all files, of which this one was not finished: said once, for a thousand files make it long.
    func continuation(after outcome: PushOutcome) -> String? {
        guard !isOneFile, case .failed(let error) = outcome.result, error.kind == .kafka || error.kind == .interrupted
        else { return nil }
        return "the same command resumes what is not finished: \(command)"
    }

    /// What is wrong with the rejects of a file that was pushed, and what to do about it. Escaped.
    func errors(_ outcome: PushOutcome) -> [String] {
        guard outcome.result == .pushed, outcome.rejects > 0, let job = outcome.job else { return [] }
        let commands = RejectCommands(
            slug: job.slug, form: outcome.form, flags: options.input, onDuplicate: options.onDuplicate)
        return outcome.errors.flatMap { ErrorGroup($0).lines(showsValues: options.showsValues) }
            + commands.lines(isLoaded: false)
    }

    /// The command line as it was typed, quoted for a shell where that is needed.
    static func typed(_ words: [String]) -> String {
        (["userload"] + words.map(shellQuoted)).joined(separator: " ")
    }

    /// That of this program.
    static var typed: String { typed(Array(programArguments.dropFirst())) }

    // MARK: -

    private func sentence(_ outcome: PushOutcome) -> String {
        switch outcome.result {
        case .pushed:
            "\(counted(outcome.records, "record")), \(sizeText(outcome.bytes)), \(Self.seconds(outcome.duration))"
                + rejects(outcome) + spared(outcome)
        case .alreadyPushed(let date, false):
            "already pushed on \(times.dayAndTime(date)); nothing sent (--again loads it once more)"
        case .alreadyPushed(let date, true):
            "already pushed on \(times.dayAndTime(date)), and expired from the topic since; nothing sent "
                + "(--resend sends it once more)"
        case .failed(let error): sentence(error, outcome)
        }
    }

    private func sentence(_ error: PipelineError, _ outcome: PushOutcome) -> String {
        switch error.kind {
        case .refused, .usage: "refused: \(error.message); nothing sent"
        case .locked: "not pushed: \(error.message); run the same command later to send what is missing"
        case .kafka: "not pushed: \(error.message); \(continuation(outcome))"
        case .interrupted: "\(stoppedWord); \(continuation(outcome))"
        case .broken, .lost, .configuration, .postgres, .incomplete: "not pushed: \(error.message)"
        }
    }

    private func rejects(_ outcome: PushOutcome) -> String {
        guard outcome.rejects > 0 else { return "" }
        return "; \(grouped(outcome.rejects)) will be rejected"
    }

    private func spared(_ outcome: PushOutcome) -> String {
        guard outcome.spared > 0 else { return "" }
        return "; in \(counted(outcome.spared, "record")) an invalid field stays in additional_info"
    }

    /// With the command, if the file is the only one.
    private func continuation(_ outcome: PushOutcome) -> String {
        guard outcome.job != nil else { return "nothing sent" + (isOneFile ? "; to try again: \(command)" : "") }
        let acknowledged = "\(counted(outcome.acknowledged, "record")) acknowledged"
        return outcome.isResumable
            ? "nothing is lost: \(acknowledged)" + (isOneFile ? "; to resume: \(command)" : "")
            : "\(acknowledged); a stream cannot be resumed: push it again as a new job"
    }

    private static func reached(_ progress: PushProgress) -> String {
        progress.size.map { percent(progress.bytes, of: $0) } ?? sizeText(progress.bytes)
    }

    /// Rounded down: 100 % is all of it.
    private static func percent(_ bytes: UInt64, of size: UInt64) -> String {
        size == 0 ? "100 %" : "\(min(100, Int(Double(bytes) / Double(size) * 100))) %"
    }

    /// At the rate of this phase; nil while nothing is known.
    private static func remaining(_ progress: PushProgress) -> String? {
        guard let size = progress.size, progress.bytes > progress.startBytes, size >= progress.bytes else { return nil }
        let share = Double(size - progress.bytes) / Double(progress.bytes - progress.startBytes)
        return ageText(seconds: progress.elapsed / .seconds(1) * share)
    }

    /// `0.4 s`, `42 s`, `3 min 7 s`.
    private static func seconds(_ duration: Duration) -> String {
        let seconds = duration / .seconds(1)
        if seconds < 9.95 { return "\((seconds * 10).rounded() / 10) s" }
        let whole = Int(seconds.rounded())
        return whole < 60 ? "\(whole) s" : "\(whole / 60) min \(whole % 60) s"
    }
}

extension WayOut {
    /// One line to paste.
    /// - Parameter limits: options that need a file; what programs make of it then becomes one.
    func text(_ file: String, _ subcommand: String, others: [String] = [], limits: [String] = []) -> String {
        var commands = commands(path: file == "-" ? nil : file, ["userload", subcommand], others: limits + others)
        var last = commands.removeLast()
        guard !limits.isEmpty, !commands.isEmpty else { return Self.pipe(commands + [last]) }
        last[last.count - 1] = "unpacked"
        return Self.pipe(commands) + " > unpacked && " + Self.pipe([last])
    }

    private static func pipe(_ commands: [[String]]) -> String {
        // `…` stands for whatever a stream comes from.
        commands.map { $0 == ["…"] ? "…" : $0.map(shellQuoted).joined(separator: " ") }.joined(separator: " | ")
    }
}
