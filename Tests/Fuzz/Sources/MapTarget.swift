// What people type: maps of columns, dates and keys. Any text is read or refused, and what is read is written as it was.

@testable import Records

func fuzzMap(_ bytes: Bytes) {
    let line = text(bytes)
    checkPairs(try? ColumnMap.pairs(line))
    checkPairs(try? ColumnMap.file(line))
    if let date = CalendarDate(iso: line) { check(date.text == line, "\(line) is read as \(date.text)") }
    for format in [nil] + DateFormat.allCases {
        let age = DateText.age(bytes, format, on: CalendarDate(clamping: 2026, 11, 24))
        if case .years(let years) = age { check((0...150).contains(years), "\(years) years") }
    }
    if let key = try? KeyFields(parsing: line) { check((try? KeyFields(parsing: key.text)) == key, "another key") }
    _ = FieldRules.age(bytes)
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
    check(words.count { $0 == "--map" } * 2 >= words.count || words.contains("--map"), "words without --map")
    let again = stride(from: 1, to: words.count, by: 2).flatMap { (try? ColumnMap.pairs(words[$0])) ?? [] }
    check(again == pairs, "\(pairs) is typed as \(words), which is \(again)")
    guard (try? ColumnMap.check(pairs)) != nil else { return }
    let fields = pairs.map { Array($0.field.utf8) }
    check(Set(fields).count == fields.count, "a field twice")
}
