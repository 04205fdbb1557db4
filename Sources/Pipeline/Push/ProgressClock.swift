// When progress is told again, and what of: about five times a second, by phase.

struct ProgressClock {
    private static let interval = Duration.milliseconds(200)

    private let input: String
    private var phase: PushProgress.Phase?
    private var phaseStart: Duration
    private var phaseBytes: UInt64 = 0
    private var phaseRecords: UInt64 = 0
    private var toldAt: Duration

    init(input: String, start: Duration) {
        self.input = input
        phaseStart = start
        toldAt = start
    }

    func isDue(_ now: Duration) -> Bool { now - toldAt >= Self.interval }

    mutating func report(
        _ current: PushProgress.Phase, bytes: UInt64, size: UInt64?, target: UInt64 = 0, records: UInt64 = 0,
        now: Duration
    ) -> PushProgress {
        toldAt = now
        if phase != current {
            // The first phase began with this clock.
            if phase != nil { phaseStart = now }
            phaseBytes = phase == nil ? 0 : bytes
            phaseRecords = phase == nil ? 0 : records
            phase = current
        }
        return PushProgress(
            input: input, phase: current, bytes: bytes, size: size, target: target, records: records,
            elapsed: now - phaseStart, startBytes: phaseBytes, startRecords: phaseRecords)
    }
}
