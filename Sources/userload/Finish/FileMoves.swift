// load --move-to: files whose jobs are completed are moved out of the way.

import CommandLineOptions
import FileNames
import Foundation
import Log
import Pipeline
import Records

struct FileMoves {
    static let option = Option.text(
        "move-to", "DIR",
        help:
            "Move a file to DIR once its job is completed, with or without rejects. It never replaces a file: if "
            + "the name is taken, the slug is added. To move what could not be moved, run the same command again.")

    private let move: FileMove?
    private let folder: String
    private let context: Context
    private var files: [(path: String, job: JobID, pushed: PushedFile?)] = []

    /// - Throws: `Failure`: usage, or a folder that takes no files, before anything is sent.
    init(_ arguments: ParsedArguments, _ context: Context) throws {
        self.context = context
        folder = arguments[Self.option] ?? ""
        move = arguments[Self.option].map { FileMove(to: $0, interrupt: context.interrupt) }
        if move != nil, arguments.operands.contains("-") {
            throw Failure(.usage, "--move-to needs files: standard input (-) cannot be moved")
        }
        guard let obstacle = move?.obstacle else { return }
        throw Failure(
            .configuration, "--move-to \(folder): \(obstacle.sentence); nothing was sent",
            hint: obstacle.isMissing ? "`mkdir -p \(shellQuoted(folder))` makes it" : nil)
    }

    /// A file all of which is in Kafka.
    mutating func add(_ outcome: PushOutcome) {
        guard move != nil, let job = outcome.job, !files.contains(where: { $0.path == outcome.input }) else { return }
        files.append((outcome.input, job, outcome.file))
    }

    /// Moves those of completed jobs, and says what became of it: the exit code. A run that was told to stop leaves them to
    /// the next one.
    func perform(_ jobs: [JobStatus]) -> ExitCode {
        guard let move else { return .done }
        let completed = Dictionary(jobs.filter { $0.state == .completed }.map { ($0.id, $0) }) { $1 }
        if context.interrupt.isSet { return files.contains { completed[$0.job] != nil } ? .incomplete : .done }
        var code = ExitCode.done
        var (moved, withRejects) = (0, 0)
        for file in files {
            guard let job = completed[file.job] else { continue }
            let outcome =
                file.pushed.map { move.move(file.path, $0, slug: job.slug) } ?? .failed("is not a regular file")
            switch outcome {
            case .moved(let name):
                moved += 1
                if job.rejected > 0 { withRejects += 1 }
                if let sentence = Self.renamed(file.path, name, folder) { context.logger.info(sentence) }
            case .isThere: context.logger.info("\(file.path) is in \(folder) already")
            case .gone: context.logger.warning("\(file.path) is loaded, but gone: it was not moved to \(folder)")
            case .failed(let reason):
                context.logger.error("\(file.path) is loaded, but was not moved: \(reason)")
                code = .incomplete
            }
        }
        if moved > 0 { context.logger.info(Self.summary(moved, withRejects: withRejects, folder)) }
        return code
    }

    /// nil: it kept its name.
    static func renamed(_ path: String, _ name: String, _ folder: String) -> String? {
        let own = fileName(of: path)
        return own == name ? nil : "moved \(path) as \(name): \(folder) had another \(own)"
    }

    static func summary(_ moved: Int, withRejects: Int, _ folder: String) -> String {
        let rejects =
            withRejects == 0
            ? "" : withRejects == moved ? ", with rejects" : ", \(grouped(withRejects)) of them with rejects"
        return "moved \(counted(moved, "file")) to \(folder)\(rejects)"
    }
}
