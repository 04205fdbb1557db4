// Days of the Gregorian calendar as files write them, and the age of a person on a day.

/// A day that exists.
package struct CalendarDate: Hashable, Sendable, Comparable {
    package let year: Int
    package let month: Int
    package let day: Int

    /// nil: there is no such day.
    package init?(year: Int, month: Int, day: Int) {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        guard (0...9999).contains(year), (1...12).contains(month), (1...lengths[month - 1]).contains(day) else {
            return nil
        }
        (self.year, self.month, self.day) = (year, month, day)
    }

    /// What a clock says, which is a day that exists; anything else becomes 1 January of the year.
    package init(clamping year: Int, _ month: Int, _ day: Int) {
        let year = min(max(year, 0), 9999)
        let isSound = CalendarDate(year: year, month: month, day: day) != nil
        (self.year, self.month, self.day) = isSound ? (year, month, day) : (year, 1, 1)
    }

    /// Reads "2026-11-24" and nothing else: the argument of `--as-of`.
    package init?(iso text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 10, let date = withBytes(bytes, { DateText.date($0, nil) }) else { return nil }
        self = date
    }

    /// "2026-11-24"
    package var text: String {
        func digits(_ value: Int, _ count: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
        }
        return "\(digits(year, 4))-\(digits(month, 2))-\(digits(day, 2))"
    }

    package static func < (left: CalendarDate, right: CalendarDate) -> Bool {
        (left.year, left.month, left.day) < (right.year, right.month, right.day)
    }

    /// Completed years on `day`, which is not before. Who was born on 29 February has a birthday on 1 March in other
    /// years.
    func age(on day: CalendarDate) -> Int {
        day.year - year - ((day.month, day.day) < (month, self.day) ? 1 : 0)
    }
}

/// The order of day, month and year where a date is not written as ISO 8601 has it.
package enum DateFormat: String, Sendable, CaseIterable {
    case dmy, mdy, ymd
}

/// How the cell of `--age-from` becomes an age.
enum AgeOnDay: Equatable {
    case years(Int)
    case notADate
    case inFuture
    case outOfRange
}

/// What is wrong with a date of birth: an `AgeOnDay` without years.
package enum AgeFault: UInt8, Sendable {
    case none, notADate, inFuture, outOfRange
}

enum DateText {
    /// Trimmed text; a time behind the date is passed over. nil: not a date, or a year without four digits.
    static func date(_ text: Bytes, _ format: DateFormat?) -> CalendarDate? {
        var next = 0
        guard let first = number(text, &next), next < text.count else { return nil }
        let separator = text[next]
        next += 1
        guard let second = number(text, &next), next < text.count, text[next] == separator else { return nil }
        next += 1
        guard let third = number(text, &next), isTime(text, from: next) else { return nil }
        if first.digits == 4, second.digits == 2, third.digits == 2, separator == UInt8(ascii: "-") {
            return CalendarDate(year: first.value, month: second.value, day: third.value)
        }
        let isSeparator = [UInt8(ascii: "."), UInt8(ascii: "/"), UInt8(ascii: "-"), UInt8(ascii: " ")].contains(
            separator)
        guard let format, isSeparator else { return nil }
        let (year, month, day) =
            switch format {
            case .dmy: (third, second, first)
            case .mdy: (third, first, second)
            case .ymd: (first, second, third)
            }
        guard year.digits == 4, month.digits <= 2, day.digits <= 2 else { return nil }
        return CalendarDate(year: year.value, month: month.value, day: day.value)
    }

    static func age(_ text: Bytes, _ format: DateFormat?, on day: CalendarDate) -> AgeOnDay {
        guard let born = date(trimmed(text), format) else { return .notADate }
        guard born <= day else { return .inFuture }
        let years = born.age(on: day)
        return years > 150 ? .outOfRange : .years(years)
    }

    private static func number(_ text: Bytes, _ next: inout Int) -> (value: Int, digits: Int)? {
        let start = next
        var value = 0
        while next < text.count, isDigit(text[next]), next - start < 5 {
            value = value * 10 + Int(text[next] & 0x0F)
            next += 1
        }
        return next > start && next - start < 5 ? (value, next - start) : nil
    }

    /// Nothing, or a time with or without a zone.
    private static func isTime(_ text: Bytes, from start: Int) -> Bool {
        guard start < text.count else { return true }
        guard text[start] == UInt8(ascii: "T") || text[start] == UInt8(ascii: " ") else { return false }
        let others = Array(":.,+-Z /UTCGMapmAP".utf8)
        return text[(start + 1)...].allSatisfy { isDigit($0) || others.contains($0) }
    }
}
