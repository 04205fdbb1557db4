// JSON: the keys of the first objects are the header.

extension Concluder {
    func json(_ form: Form, _ flags: InputFlags) throws(Fault) -> Conclusion {
        var conclusion = Conclusion(form: form)
        let keys = try keys(conclusion, flags)
        let count = keys.objects == 1 ? "the first object" : "the first \(keys.objects) objects"
        let seen = "(in \(count): \(Self.list(keys.names)))"
        // Nothing to take names from: an array without elements, or lines of which none is an object.
        if keys.objects == 0, isWhole, keys.records == 0 { return conclusion }
        let matcher = try ColumnMatcher(keys.names, isCSV: false, flags, seen: seen)
        let all = matcher.columns
        conclusion.columns = all
        conclusion.age = matcher.ageSource
        describe(&conclusion, matcher)
        guard matcher.missing.isEmpty else {
            if let wrapped = JSONMembers.wrappedArray(in: bytes) {
                var fault = Fault("is one JSON object that holds an array of objects, \(wrapped.filter)")
                fault.wrapped = wrapped
                throw fault
            }
            guard keys.objects > 0 else {
                throw Fault("none of the first \(keys.records) records has a name and an age")
            }
            throw missing(conclusion, matcher, seen, flags)
        }
        conclusion.columns = all.filter { $0.source != $0.path }
        return conclusion
    }

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
