// Spans of time as people type them: 90s, 5m, 24h, 7d.

private let units: [(letter: Character, seconds: Int64)] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)]

/// A whole number and one of s, m, h, d; nil for anything else, a number without a unit included.
package func parseDuration(_ text: String) -> Duration? {
    guard let unit = units.first(where: { $0.letter == text.last }) else { return nil }
    let digits = text.dropLast()
    guard !digits.isEmpty, digits.utf8.allSatisfy({ 0x30...0x39 ~= $0 }), let count = Int64(digits) else { return nil }
    let (seconds, overflow) = count.multipliedReportingOverflow(by: unit.seconds)
    return overflow ? nil : .seconds(seconds)
}

/// The shortest spelling of whole seconds that `parseDuration` reads back: 1d, 90s.
package func spelled(_ duration: Duration) -> String {
    let seconds = duration.components.seconds
    guard seconds != 0, let unit = units.first(where: { seconds % $0.seconds == 0 }) else { return "\(seconds)s" }
    return "\(seconds / unit.seconds)\(unit.letter)"
}
