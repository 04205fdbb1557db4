// Points in time as people read them, in a time zone that tests choose.

import CommandLineOptions
import Foundation

struct Times: Sendable {
    let now: Date
    var zone: TimeZone = .current

    /// `2026-11-23 02:00`.
    func dayAndTime(_ date: Date) -> String { day(date) + " " + time(date) }

    /// `02:01`, with its day when that is not `other`'s.
    func time(_ date: Date, besides other: Date?) -> String {
        if let other, day(other) == day(date) { return time(date) }
        return dayAndTime(date)
    }

    /// `7 h ago`. A time in the future, of another clock, is 0 s ago.
    func ago(_ date: Date) -> String { ageText(seconds: now.timeIntervalSince(date)) + " ago" }

    private func day(_ date: Date) -> String {
        let parts = calendar.dateComponents([.year, .month, .day], from: date)
        return "\(parts.year!)-\(two(parts.month!))-\(two(parts.day!))"  // asked for, so there
    }

    private func time(_ date: Date) -> String {
        let parts = calendar.dateComponents([.hour, .minute], from: date)
        return two(parts.hour!) + ":" + two(parts.minute!)
    }

    private func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    private var calendar: Calendar {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = zone
        return calendar
    }
}
