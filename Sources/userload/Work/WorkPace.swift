// How fast a worker is, and how long what is left will take.

import CommandLineOptions
import Log
import Pipeline

/// A value; time is handed in.
struct WorkPace {
    private static let window = Duration.seconds(30)
    private static let step = Duration.seconds(1)

    private var looks: [(at: ContinuousClock.Instant, records: Int)] = []
    /// Records when all that was there had been read: percent counts from here.
    private var base = 0

    mutating func look(_ records: Int, at now: ContinuousClock.Instant) {
        if let last = looks.last, now - last.at < Self.step { return }
        looks.append((now, records))
        while looks.count > 2, now - looks[1].at >= Self.window { looks.removeFirst() }
    }

    /// There is nothing to read now.
    mutating func caughtUp(_ records: Int) {
        base = records
        looks = []
    }

    /// Records a second, lately; nil: not known yet.
    var rate: Double? {
        guard let first = looks.first, let last = looks.last, last.at > first.at else { return nil }
        return Double(last.records - first.records) / (last.at - first.at).seconds
    }

    /// `61 %; 73,200 records, 31,000/s, ETA 2 s`
    /// - Parameter behind: what is left; nil: not known.
    func text(_ records: Int, behind: Int64?) -> String {
        let done = max(0, records - base)
        var parts = [counted(done, "record")]
        if let rate, rate >= 1 {
            parts.append("\(grouped(Int64(rate)))/s")
            if let behind, behind > 0 { parts.append("ETA \(ageText(seconds: Double(behind) / rate))") }
        }
        let text = parts.joined(separator: ", ")
        guard let behind, behind > 0 else { return text }
        return "\(Int(Double(done) / (Double(done) + Double(behind)) * 100)) %; \(text)"
    }
}
