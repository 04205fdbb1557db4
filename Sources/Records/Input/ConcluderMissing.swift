// What to say of an input without a name or an age, and what its columns suggest.

extension Concluder {
    func missing(_ conclusion: Conclusion, _ matcher: ColumnMatcher, _ seen: String, _ flags: InputFlags) -> Fault {
        let isCSV = conclusion.form == .csv
        let missing = matcher.missing
        let noun = isCSV ? "column" : "key"
        var fault = Fault("no \(noun)\(missing.count > 1 ? "s" : "") \(missing.joined(separator: " and ")) \(seen)")
        var amended = flags
        var isKnown = true
        var words: [String] = []
        if missing.contains("name.lastName") || missing.contains("name.firstName") {
            // One part alone can be the name, if a person says so.
            let part = missing.contains("name.lastName") ? FieldName.firstName : .lastName
            if let index = matcher.index(of: part), !amended.map.contains(where: { $0.field.hasPrefix("name.") }) {
                amended.map.append(
                    FieldSource(field: "name", source: String(decoding: matcher.names[index], as: UTF8.self)))
            } else {
                isKnown = false
            }
        } else if missing.contains("name") {
            isKnown = false
        }
        if missing.contains("age") {
            let births = matcher.names.indices.filter { FieldName.isDateOfBirth(matcher.names[$0]) }
            let dated = births.prefix(3).compactMap { birth(conclusion, $0, matcher.names[$0]) }
            if dated.count == 1, let found = dated.first {
                words.append("\"\(FieldError.fieldName(found.name))\" is a date of birth: --age-from takes it")
                amended.ageFrom = AgeFrom(
                    column: String(decoding: found.name, as: UTF8.self), asOf: today, format: found.format)
                if found.isUndecided {
                    words.append("--date-format says whether day or month comes first")
                    isKnown = false
                }
            } else {
                isKnown = false
                if let index = births.first {
                    words.append(
                        "\"\(FieldError.fieldName(matcher.names[index]))\" may be a date of birth: --age-from takes it")
                }
            }
            if births.isEmpty { words += numbers(conclusion, matcher) }
        }
        if !words.isEmpty { fault = Fault("\(fault.message); \(words.joined(separator: "; "))") }
        if isKnown { fault.amended = amended }
        return fault
    }

    private struct Birth {
        let name: [UInt8]
        let format: DateFormat?
        /// Both orders of day and month would do.
        var isUndecided = false
    }

    /// nil: its values are not dates, or there are none.
    private func birth(_ conclusion: Conclusion, _ index: Int, _ name: [UInt8]) -> Birth? {
        let values = values(conclusion, index, [name])
        guard !values.isEmpty else { return nil }
        func isDate(_ format: DateFormat?) -> Bool {
            values.allSatisfy { value in withBytes(value) { DateText.date(trimmed($0), format) != nil } }
        }
        if isDate(nil) { return Birth(name: name, format: nil) }
        let formats = DateFormat.allCases.filter(isDate)
        guard let format = formats.first else { return nil }
        return Birth(name: name, format: format, isUndecided: formats.count > 1)
    }

    /// The only format that makes dates of all values; nil: none does, or several do.
    func dateFormat(_ conclusion: Conclusion, _ age: AgeSource) -> DateFormat? {
        let values = values(conclusion, age.index, age.source)
        let formats = DateFormat.allCases.filter { format in
            values.allSatisfy { value in withBytes(value) { DateText.date(trimmed($0), format) != nil } }
        }
        return formats.count == 1 ? formats[0] : nil
    }

    /// Columns of whole numbers from 0 to 150 are named, and no more: a row number is one, too.
    private func numbers(_ conclusion: Conclusion, _ matcher: ColumnMatcher) -> [String] {
        guard matcher.names.count <= 100 else { return [] }
        let found = matcher.names.indices.filter { index in
            let values = values(conclusion, index, [matcher.names[index]])
            return !values.isEmpty
                && values.allSatisfy { value in
                    withBytes(value) { if case .years = FieldRules.age(trimmed($0)) { true } else { false } }
                }
        }
        guard !found.isEmpty else { return [] }
        let names = found.prefix(3).map { "\"\(FieldError.fieldName(matcher.names[$0]))\"" }.joined(separator: ", ")
        return ["whole numbers from 0 to 150 are in \(names): --map age=… says if that is the age"]
    }

    /// What the first records have in a column of CSV, or at a path of JSON, without what is empty.
    private func values(_ conclusion: Conclusion, _ index: Int, _ source: [[UInt8]]) -> [[UInt8]] {
        // The columns as they stand, so that nothing is taken for a field.
        var plain = conclusion
        plain.age = nil
        plain.columns =
            conclusion.form == .csv
            ? conclusion.columns.enumerated().map {
                Column(source: $1.source, path: [Array("\($0)".utf8)], match: .none)
            }
            : []
        let path = conclusion.form == .csv ? [Array("\(index)".utf8)] : source
        var values: [[UInt8]] = []
        try? forEachRecord(plain) { record in
            guard let json = record.json, let value = JSONMembers.value(at: path, in: json) else { return }
            if !withBytes(value, { trimmed($0).count == 0 }) { values.append(value) }
        }
        return values
    }

    // MARK: Words of a conclusion

    func describe(_ conclusion: inout Conclusion, _ matcher: ColumnMatcher) {
        func quoted(_ column: Column) -> String { "\"\(column.name)\"" }
        let first = conclusion.columns.first { $0.path == FieldName.firstName.path }
        let last = conclusion.columns.first { $0.path == FieldName.lastName.path }
        for field in FieldName.allCases {
            if field == .firstName || field == .lastName { continue }
            if field == .age, let age = conclusion.age {
                conclusion.fields.append("\"\(age.name)\" → age on \(age.asOf.text)")
            } else if let column = conclusion.columns.first(where: { $0.path == field.path }) {
                conclusion.fields.append(
                    column.match == .exact ? field.spelled : "\(quoted(column)) → \(field.spelled)")
            } else if field == .name, first != nil || last != nil {
                let parts = [first, last].compactMap { $0 }
                let isSpelled = parts.allSatisfy { $0.match == .exact }
                conclusion.fields.append(
                    isSpelled
                        ? parts.map(\.name).joined(separator: " + ")
                        : parts.map(quoted).joined(separator: " + ") + " → name")
            } else if conclusion.form != .csv, matcher.index(of: field) != nil {
                conclusion.fields.append(field.spelled)
            }
        }
        for column in conclusion.columns
        where column.match == .map && column.path.count > 1
            && column.path != FieldName.firstName.path && column.path != FieldName.lastName.path
        {
            let path = FieldError.fieldName(Array(column.path.joined(separator: [UInt8(ascii: ".")])))
            conclusion.fields.append("\(quoted(column)) → \(path)")
        }
        conclusion.staying = matcher.staying.map { FieldError.fieldName(matcher.names[$0]) }
    }
}
