// Large numbers as people read them, in log lines and on screens.

/// `1,000,000`.
package func grouped(_ number: some BinaryInteger) -> String {
    var digits = Array(String(number.magnitude))
    for place in stride(from: digits.count - 3, to: 0, by: -3) { digits.insert(",", at: place) }
    return (number < 0 ? "-" : "") + String(digits)
}
