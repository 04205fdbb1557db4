// One of the worker's ways into the database: the batch that is being built, the thread that loads, and what is on its
// way between them.

/// Used by the polling thread only. It lives as long as its session.
final class Lane {
    /// Batches handed over before a third one has to wait.
    private static let depth = 2

    let index: Int
    let builder: BatchBuilder
    private let loader: LoaderThread
    private let life: LifeSign
    /// Of the batches built now; raised when all earlier ones are void.
    private(set) var epoch: UInt64 = 1
    /// The jobs of each batch handed over and not answered, oldest first: answers come in this order.
    private var onTheirWay: [[JobProgress]] = []
    private var spare: Batch? = Batch()

    /// - Parameter life: the loader's.
    init(_ index: Int, _ loader: LoaderThread, life: LifeSign) {
        self.index = index
        self.loader = loader
        self.life = life
        builder = BatchBuilder(Batch())
    }

    var inFlight: Int { onTheirWay.count }
    /// The loader has nothing to do, or was seen computing or waiting for its server just now.
    func isAlive(at now: ContinuousClock.Instant) -> Bool { inFlight == 0 || life.isFresh(at: now) }
    var isBusy: Bool { inFlight >= Self.depth }
    /// The next batch is full, and too many are on their way already.
    var isHeldUp: Bool { isBusy && builder.isFull }
    /// Nothing taken waits to be loaded.
    var isSettled: Bool { builder.isEmpty && inFlight == 0 }

    func isDue(at now: ContinuousClock.Instant, quiet: Duration?) -> Bool {
        !builder.isEmpty && !isBusy && builder.isDue(at: now, quiet: quiet)
    }

    /// Hands the batch over and begins the next one.
    /// - Parameter next: the offset up to which a partition was taken.
    func submit(next: (Int32) -> Int64?) {
        let jobs = builder.jobs
        let batch = builder.finish(next: next)
        // It may have had nothing to do for hours.
        if inFlight == 0 { life.show() }
        onTheirWay.append(jobs)
        loader.submit(batch, epoch: epoch)
        builder.begin(spare ?? Batch())
        spare = nil
    }

    /// A batch came back, loaded or not.
    func answered() {
        guard !onTheirWay.isEmpty else { return }
        for job in onTheirWay.removeFirst() { job.stepAnswered() }
    }

    /// A batch whose answer was dealt with: its memory serves again.
    func recycle(_ batch: Batch) {
        batch.reset()
        if spare == nil { spare = batch }
    }

    /// Whether what is known now was built on the same positions as this batch.
    func isCurrent(_ submission: LoaderThread.Submission) -> Bool { submission.epoch == epoch }

    /// All that was built or handed over is void.
    func discard() {
        epoch += 1
        loader.discard(before: epoch)
        builder.jobs.forEach { $0.stepAnswered() }
        let batch = builder.batch
        batch.reset()
        builder.begin(batch)
    }

    func stop() { loader.stop() }

    func waitForEnd(limit: Duration) -> Bool { loader.waitForEnd(limit: limit) }
}
