// What a sender tells: the screen and the journal how far it is, and how it ended.

import Kafka
import Records

extension JobSender {
    /// In the order of the files, as far as their start markers are acknowledged.
    func tellStarted() {
        while started < jobs.count, started == 0 || window.acknowledged(of: started).allSatisfy({ $0 != nil }) {
            jobs[started].hasStarted = true
            jobs[started].event(.started(jobs[started].id))
            started += 1
        }
    }

    /// Of the first job that is not all in the log.
    func tellProgress() {
        let job = min(window.firstJob ?? reading ?? 0, jobs.count - 1)
        let input = jobs[job].input
        if progress.job != job { progress = (job, ProgressClock(input: input.source.path, start: now)) }
        guard progress.clock.isDue(now) else { return }
        let reached = input.bytesConsumed
        context.event(
            .progress(
                progress.clock.report(
                    input.isSkipping ? .skipping : .sending,
                    bytes: input.isSkipping ? reached : window.settledPosition(of: job, reached: reached),
                    size: input.source.textSize, target: jobs[job].identity.entry.position, records: input.records,
                    now: now)))
    }

    /// For the journal; of a job that was pushed before it knows all.
    func notes() -> [JobJournal.Note] {
        jobs.indices.filter { session.claims[$0] != .pushed && keepsEntry(of: jobs[$0]) }.map { number in
            let input = jobs[number].input
            return JobJournal.Note(
                job: number, acknowledged: window.acknowledged(of: number), ends: input.ends,
                position: window.settledPosition(of: number, reached: input.bytesConsumed))
        }
    }

    /// A job that the content does not name has one before anything of it is sent.
    private func keepsEntry(of job: PushJob) -> Bool {
        job.hasStarted || session.startMarkersAreAcknowledged && job.identity.entry.nonce != nil
    }

    /// What came of a file.
    /// - Parameter failure: of the group.
    func conclude(_ file: PushFile, _ job: PushJob, _ failure: PipelineError?) {
        let number = job.input.number
        // Behind or at every end marker.
        let offsets = (0..<window.partitions).map { window.highest($0) }
        let ends = EndOffsets(cluster: context.topic.cluster, topic: context.topic.name, offsets: offsets)
        // Saturates: the journal's numbers come from a file.
        let acknowledged = window.acknowledged(of: number).reduce(UInt64(0)) { $0.addingSaturated($1?.last.seq ?? 0) }
        let error = job.failure ?? failure
        file.conclude(error, claim: session.claims[number], acknowledged: acknowledged, ends: error == nil ? ends : nil)
    }

    func say(_ sentence: String) { context.event(.notice(sentence, isWarning: true)) }

    /// What is on its way when the user stops has a second to be acknowledged.
    func settle(_ error: any Error) -> PipelineError {
        let failure: PipelineError =
            switch error {
            case let failure as PipelineError: failure
            case let error as KafkaError:
                fatalFailure(error, topic: context.topic.name, to: .write) ?? .kafka("\(error)")
            default: fatalFailure(error) ?? .kafka("\(error)")
            }
        if failure == .interrupted, session.startMarkersAreAcknowledged, let producer {
            let end = context.now + .seconds(1)
            while !window.isEmpty, context.now < end { producer.poll(milliseconds: 50) }
            tellStarted()
        }
        return failure
    }
}
