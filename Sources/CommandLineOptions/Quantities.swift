// Numbers, sizes and ages as people read them.

import Log

/// `812 B`, `14.2 MB`, `112 MB`: decimal units, a decimal below 100.
package func sizeText(_ bytes: some BinaryInteger) -> String {
    guard bytes >= 1000 else { return "\(bytes) B" }
    var value = Double(bytes)
    var unit = -1
    // 999.5 would round to 1000 of the smaller unit.
    while value >= 999.5 {
        value /= 1000
        unit += 1
    }
    let name = ["kB", "MB", "GB", "TB", "PB", "EB"][unit]
    return value < 99.95 ? "\((value * 10).rounded() / 10) \(name)" : "\(Int(value.rounded())) \(name)"
}

/// `5 s`, `3 min`, `7 h`, `2 d`: the largest unit there is one of, rounded down.
package func ageText(seconds: Double) -> String {
    switch seconds {
    case ..<60: "\(Int(max(0, seconds))) s"
    case ..<3600: "\(Int(seconds / 60)) min"
    case ..<(48 * 3600): "\(Int(seconds / 3600)) h"
    default: "\(Int(min(seconds / 86_400, 1e6))) d"
    }
}

/// `1 reject`, `512 rejects`.
package func counted(_ number: some BinaryInteger, _ noun: String) -> String {
    "\(grouped(number)) \(noun)\(number == 1 ? "" : "s")"
}
