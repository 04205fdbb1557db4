// The worker: one session after another, until it is told to stop, a drain is done or nothing helps.

/// One thread runs it. A new session begins whenever schema or key change; `RunHistory` outlives them.
package final class Worker {
    private let options: WorkOptions
    private let interrupt: Interrupt
    private let report: @Sendable (WorkEvent) -> Void

    /// Called on the worker's thread when the database is migrated and may be loaded into.
    package var onReady: ((DatabaseInfo) -> Void)?

    /// - Parameters:
    ///   - interrupt: when it is set, the batch in hand is finished and `run` returns.
    ///   - report: called on the worker's thread.
    package init(_ options: WorkOptions, interrupt: Interrupt, report: @escaping @Sendable (WorkEvent) -> Void) {
        self.options = options
        self.interrupt = interrupt
        self.report = report
    }

    /// Works until it is interrupted, the drain is done, or an error ends it. Call once, on a thread that has nothing else to do.
    package func run() throws(PipelineError) -> WorkSummary {
        let history = RunHistory()
        while true {
            switch session(history) {
            case .schemaChanged where !interrupt.isSet: report(.detail(.schemaChanged))
            case .clientStuck where !interrupt.isSet: report(.detail(.clientStuck))
            case .failed(let error):
                // Told to stop, it does not matter that a server was away; what a person must change is said all the same.
                guard interrupt.isSet, error.kind != .configuration else { throw error }
                return WorkSummary(history, wasInterrupted: true)
            case .schemaChanged, .clientStuck, .interrupted, .drained:
                return WorkSummary(history, wasInterrupted: interrupt.isSet)
            }
        }
    }

    private func session(_ history: RunHistory) -> SessionEnd {
        do {
            let opening = SessionOpening(options: options, interrupt: interrupt, report: report)
            let session = try opening.open(history) { [onReady] in onReady?($0) }
            return session?.run() ?? .drained
        } catch let error as PipelineError {
            return error.kind == .interrupted ? .interrupted : .failed(error)
        } catch {
            return .failed(fatalFailure(error, topic: options.topic, to: .read) ?? .kafka("\(error)"))
        }
    }
}
