// JSON: the keys of the first objects are the header.

extension Concluder {
    func json(_ form: Form, _ flags: InputFlags) throws(Fault) -> Conclusion {
        var conclusion = Conclusion(form: form)
        let keys = try keys(conclusion, flags)
        // Nothing to take names from: an array without elements.
        if keys.objects == 0, isWhole, keys.records == 0 { return conclusion }
        guard keys.objects > 0 else { throw noObjects(form, keys.records, flags) }
        let objects = keys.objects == 1 ? "the first object" : "the first \(keys.objects) objects"
        let seen = keys.names.isEmpty ? "(\(objects): no keys)" : "(in \(objects): \(Self.list(keys.names)))"
        let matched: FixColumns
        do {
            matched = try FixColumns(keys.names, isCSV: false, flags, seen: seen)
        } catch {
            var fault = error
            // The keys that a flag names may be inside.
            if fault.kind == .usage { fault.programs = wrapped(flags).map { [$0.program] } ?? [] }
            throw fault
        }
        let (all, matcher) = (matched.columns, matched.matcher)
        conclusion.isFix = matched.isFix
        conclusion.columns = all
        conclusion.age = matched.age
        describe(&conclusion, matcher)
        guard matcher.missing.isEmpty else {
            if let wrapped = wrapped(flags) { throw wrapped.fault }
            throw missing(conclusion, matcher, seen, flags)
        }
        conclusion.columns = all.filter { $0.source != $0.path }
        // Cut off by the window, or nothing but this object is there.
        if keys.objects == 1, keys.records == 0 || keys.records == 1 && isWhole {
            try checkAlone(form, isCutOff: keys.records == 0, flags)
        }
        return conclusion
    }

    private func noObjects(_ form: Form, _ records: Int, _ flags: InputFlags) -> Fault {
        guard form == .array else {
            var amended = flags
            amended.format = nil
            return Fault(
                records == 1
                    ? "the first line is not a JSON object" : "none of the first \(records) lines is a JSON object",
                amended: amended)
        }
        let elements = bytes.drop { $0 != UInt8(ascii: "[") }.dropFirst()
        let isArrays = elements.first { !isWhitespace($0) } == UInt8(ascii: "[")
        return Fault(
            isArrays ? "is a JSON array of arrays, not of objects" : "is a JSON array without objects",
            amended: other(flags))
    }

    // MARK: People inside one object

    private struct Wrapped {
        let program: OtherProgram
        let filter: String
        /// What is inside can be loaded.
        let hasWay: Bool
        /// Why it cannot.
        let reason: String?

        var fault: Fault {
            let reason = reason.map { "; of these: \($0)" } ?? ""
            var fault = Fault("is one JSON object that holds an array of objects, \(filter)\(reason)")
            fault.programs = [program]
            return fault
        }
    }

    /// The first array of objects whose objects are people, or else the first; nil: the input is no object with one.
    private func wrapped(_ flags: InputFlags) -> Wrapped? {
        let arrays = JSONMembers.wrappedArrays(in: bytes).map { array in
            let program = OtherProgram(words: ["jq", "-c", array.filter], output: Array(array.bytes))
            let hasWay = way(program, flags) != nil
            return Wrapped(
                program: program, filter: array.filter, hasWay: hasWay, reason: hasWay ? nil : fault(program, flags))
        }
        return arrays.first(where: \.hasWay) ?? arrays.first
    }

    /// An object that is a person as it stands may still be meant for those inside it. On one line of its own it is
    /// JSON lines with one record today, and refused only if people are inside.
    private func checkAlone(_ form: Form, isCutOff: Bool, _ flags: InputFlags) throws(Fault) {
        guard flags.format == nil, form != .array, let wrapped = wrapped(flags),
            wrapped.hasWay || form == .objects && !isCutOff
        else { return }
        var amended = flags
        amended.format = form == .jsonl ? .jsonl : .json
        var fault = wrapped.fault.adding(
            "--format \(form == .jsonl ? "jsonl" : "json") takes the object itself for one person", amended: amended)
        fault.programs = [wrapped.program]
        throw fault
    }

    // MARK: Keys

    /// The keys of the first objects in the order of their first appearance.
    private func keys(
        _ conclusion: Conclusion, _ flags: InputFlags
    ) throws(Fault) -> (names: [[UInt8]], objects: Int, records: Int) {
        var names: [[UInt8]] = []
        var known: Set<[UInt8]> = []
        var objects = 0
        var records = 0
        func take(_ json: Bytes) {
            guard let keys = JSONMembers.keys(of: json) else { return }
            objects += 1
            for key in keys where known.insert(key).inserted { names.append(key) }
        }
        do {
            try forEachRecord(conclusion) { record in
                records += 1
                if record.json != nil { take(record.original) }
            }
        } catch {
            throw Fault(error.message, amended: other(flags))
        }
        // The first object may be larger than the window.
        if objects == 0, !isWhole, let start = bytes.firstIndex(of: UInt8(ascii: "{")) {
            take(Bytes(rebasing: bytes[start...]))
        }
        return (names, objects, records)
    }
}
