// What people type: maps of columns, dates and keys. Any text is read or refused, and what is read is written as it was.

@testable import Records

func fuzzMap(_ bytes: Bytes) {
    let line = text(bytes)
    checkPairs(try? ColumnMap.pairs(line))
    checkPairs(try? ColumnMap.file(line))
    if let date = CalendarDate(iso: line) { check(date.text == line, "\(line) is read as \(date.text)") }
    for format in [nil] + DateFormat.allCases {
        checkAge(bytes, format)
    }
    if let key = try? KeyFields(parsing: line) { check((try? KeyFields(parsing: key.text)) == key, "another key") }
    checkAge(bytes)
    if FieldRules.isEmail(bytes) { check(bytes.count { $0 == UInt8(ascii: "@") } == 1, "an address without one @") }
    if FieldRules.isPhoneNumber(bytes) { check(bytes.allSatisfy { $0 < 0x80 }, "a phone number that is not ASCII") }
}

private func checkPairs(_ pairs: [FieldSource]?) {
    guard let pairs else { return }
    check(pairs.allSatisfy { !$0.source.isEmpty }, "a pair without a column")
    var flags = InputFlags()
    flags.map = pairs
    // Words of a command line have no NUL.
    guard flags.canBeTyped else { return }
    let words = ColumnMap.words(pairs)
    check(words.count % 2 == 0, "a flag without its value")
    for (index, word) in words.enumerated() where index % 2 == 0 {
        check(word == "--map", "\(word), where --map is to be")
    }
    let again = stride(from: 1, to: words.count, by: 2).flatMap { (try? ColumnMap.pairs(words[$0])) ?? [] }
    check(again == pairs, "\(pairs) is typed as \(words), which is \(again)")
    guard (try? ColumnMap.check(pairs)) != nil else { return }
    let fields = pairs.map { Array($0.field.utf8) }
    check(Set(fields).count == fields.count, "a field twice")
}

/// Birthdays counted one by one, on the days of a proleptic Gregorian calendar as a number.
private func checkAge(_ bytes: Bytes, _ format: DateFormat?) {
    let day = CalendarDate(clamping: 2026, 11, 24)
    func number(_ date: CalendarDate) -> Int { (date.year * 12 + date.month - 1) * 31 + date.day - 1 }
    let born = DateText.date(trimmed(bytes), format)
    let years = born.map { born in
        (1...10_000).prefix { year in number(born) + year * 372 <= number(day) }.count
    }
    switch DateText.age(bytes, format, on: day) {
    case .years(let age): check(age == years && age <= 150, "\(age) years, not \(years ?? -1)")
    case .notADate: check(born == nil, "a date that is said to be none")
    case .inFuture: check(born.map { number($0) > number(day) } ?? false, "no day in the future")
    case .outOfRange: check(years ?? 0 > 150, "\(years ?? -1) years are out of range")
    }
}

/// Digits as a number, whatever zeros stand around them.
private func checkAge(_ bytes: Bytes) {
    let parts = text(bytes).split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    let digits = parts[0].drop { $0 == "0" }
    let value = digits.isEmpty ? 0 : Int(digits) ?? .max
    let isDigits = !parts[0].isEmpty && parts[0].utf8.allSatisfy(isDigit)
    let isWhole = isDigits && (parts.count == 1 || !parts[1].isEmpty && parts[1].utf8.allSatisfy { $0 == 0x30 })
    switch FieldRules.age(bytes) {
    case .years(let years):
        check(isWhole && value == years && years <= 150, "\(text(bytes)) is \(years) years")
    case .outOfRange: check(bytes.first == UInt8(ascii: "-") || isWhole && value > 150, "an age in the range")
    case .notAnInteger: check(!isWhole, "a whole number that is said to be none")
    }
}
