// What was done with the records that stand for rejects of earlier jobs, noted on those rejects.

internal import Postgres
internal import Records

/// What was done with a record that stands for a reject.
private struct FixOutcome {
    /// The record itself, as a reject of its own.
    let own: RejectPlace
    /// nil: it is loaded.
    let errors: [UInt8]?

    /// Of several records for one reject, one that is loaded is enough.
    func outranks(_ other: FixOutcome?) -> Bool {
        guard let other else { return true }
        return errors == nil && other.errors != nil
    }
}

private struct FoundReject {
    let place: RejectPlace
    /// Of a reject of a fix file, the one that it stands for.
    var fixes: RejectPlace?
    /// Without the line, by which it was only found.
    var key: RejectPlace { RejectPlace(job: place.job, partition: place.partition, seq: place.seq) }
}

extension LoadTransaction {
    /// A reject of a fix file stands for an earlier one in its turn. So many are followed: whoever corrects a file more
    /// often than that has to look at the first one's status by hand.
    private static let longestChain = 8

    /// Nothing is asked of the server unless the batch has such records.
    func writeFixes() throws {
        var outcomes: [RejectPlace: FixOutcome] = [:]
        var refused: [(reject: RejectPlace, outcome: FixOutcome)] = []
        for (reject, outcome) in fixOutcomes() {
            if outcome.outranks(outcomes[reject]) { outcomes[reject] = outcome }
            if outcome.errors != nil { refused.append((reject, outcome)) }
        }
        guard !outcomes.isEmpty else { return }
        // Statistics of a table that grew in a minute must not make this read it as a whole for each row.
        try connection.execute(Self.lookUps + "; SET LOCAL enable_seqscan = off")
        let first = try found(Array(outcomes.keys))
        try remember(refused.compactMap { entry in first[entry.reject].map { (entry.outcome.own, $0.key) } })
        var noted: [RejectPlace: FixOutcome] = [:]
        var next = first.map { (reject: $0.value, outcome: outcomes[$0.key]) }
        for _ in 0..<Self.longestChain {
            var earlier: [RejectPlace: FixOutcome] = [:]
            for (reject, outcome) in next {
                guard let outcome, outcome.outranks(noted[reject.key]) else { continue }
                noted[reject.key] = outcome
                if let fixes = reject.fixes, outcome.outranks(earlier[fixes]) { earlier[fixes] = outcome }
            }
            if earlier.isEmpty { break }
            next = try found(Array(earlier.keys)).map { (reject: $0.value, outcome: earlier[$0.key]) }
        }
        try note(noted.sorted { $0.key < $1.key })
    }

    private func fixOutcomes() -> [(RejectPlace, FixOutcome)] {
        if batch.fixes.isEmpty || Torture.has(.fixForgotten) { return [] }
        let refused = Dictionary(tally.refused.map { ($0.row, $0.errors) }, uniquingKeysWith: { first, _ in first })
        let swallowed = tally.swallowed.union(tally.swallowed.flatMap { batch.folds[$0]?.rows ?? [] })
        return batch.fixes.compactMap { fix in
            let step = batch.progress[Int(fix.progressIndex)]
            var errors: [UInt8]?
            let seq: Int64
            switch fix.record {
            case .row(let number):
                // It is neither loaded nor refused.
                if swallowed.contains(number) { return nil }
                errors = refused[number]
                seq = batch.rows[Int(number)].place.seq
            case .reject(let index):
                let reject = batch.rejects[index]
                seq = reject.place.seq
                errors = Array(batch.rejectBytes.slice(reject.bytes + reject.byteCount, reject.errorCount))
            }
            let own = RejectPlace(job: step.job, partition: step.partition, seq: UInt64(clamping: seq))
            return (fix.reject, FixOutcome(own: own, errors: errors))
        }
    }

    /// Those of `places` that there are.
    private func found(_ places: [RejectPlace]) throws -> [RejectPlace: FoundReject] {
        var found: [RejectPlace: FoundReject] = [:]
        for reject in try look(places) { found[reject.place] = reject }
        // A spreadsheet makes 3.1 of 3.10: where the line is known, it tells which one is meant.
        let candidates = places.filter { found[$0] == nil && $0.line > 0 }.flatMap { place in
            (1...6).compactMap { zeros in place.withZeros(zeros).map { (asked: place, candidate: $0) } }
        }
        let there = Dictionary(
            try look(candidates.map(\.candidate)).map { ($0.place, $0) }, uniquingKeysWith: { first, _ in first })
        for (asked, candidate) in candidates where found[asked] == nil { found[asked] = there[candidate] }
        return found
    }

    private func look(_ places: [RejectPlace]) throws -> [FoundReject] {
        if places.isEmpty { return [] }
        var lines = BinaryArray(of: .bigint)
        for place in places { lines.append(value: Int64(clamping: place.line)) }
        let answer = try connection.query(statements.findFixed, parameters(of: places) + [lines.parameter()])
        return answer.compactMap { row in
            guard let number = row.int(0), places.indices.contains(number - 1) else { return nil }
            var reject = FoundReject(place: places[number - 1])
            if let job = row.string(1).flatMap(JobID.init(uuid:)), let partition = row.int(2), let seq = row.int(3) {
                reject.fixes = RejectPlace(
                    job: job, partition: Int32(clamping: partition), seq: UInt64(clamping: seq))
            }
            return reject
        }
    }

    private func note(_ outcomes: [(key: RejectPlace, value: FixOutcome)]) throws {
        if outcomes.isEmpty { return }
        var jobs = BinaryArray(of: .uuid)
        var errors = BinaryArray(of: .text)
        for (_, outcome) in outcomes {
            jobs.append(job: outcome.own.job)
            if let text = outcome.errors { withBytes(text) { errors.append(value: $0) } } else { errors.appendNull() }
        }
        _ = try connection.query(
            statements.noteFixed, parameters(of: outcomes.map(\.key)) + [jobs.parameter(), errors.parameter()])
    }

    private func remember(_ pairs: [(own: RejectPlace, earlier: RejectPlace)]) throws {
        if pairs.isEmpty { return }
        _ = try connection.query(
            statements.rememberFixed, parameters(of: pairs.map(\.own)) + parameters(of: pairs.map(\.earlier)))
    }

    /// Jobs, partitions and sequence numbers.
    private func parameters(of places: [RejectPlace]) -> [Parameter] {
        var jobs = BinaryArray(of: .uuid)
        var partitions = BinaryArray(of: .integer)
        var sequences = BinaryArray(of: .bigint)
        for place in places {
            jobs.append(job: place.job)
            partitions.append(value: place.partition)
            sequences.append(value: Int64(clamping: place.seq))
        }
        return [jobs.parameter(), partitions.parameter(), sequences.parameter()]
    }
}

extension RejectPlace {
    /// The place whose number a spreadsheet would shorten to this one's.
    fileprivate func withZeros(_ count: Int) -> RejectPlace? {
        guard seq <= 1_000_000_000 else { return nil }
        let factor = (0..<count).reduce(UInt64(1)) { product, _ in product * 10 }
        return RejectPlace(job: job, partition: partition, seq: seq * factor, line: line)
    }

    /// The order in which rejects are locked.
    fileprivate static func < (one: RejectPlace, other: RejectPlace) -> Bool {
        (one.job.high, one.job.low, UInt64(bitPattern: Int64(one.partition)), one.seq)
            < (other.job.high, other.job.low, UInt64(bitPattern: Int64(other.partition)), other.seq)
    }
}

extension BinaryArray {
    mutating func append(job: JobID) {
        withUnsafeBytes(of: (job.high.bigEndian, job.low.bigEndian)) {
            append(value: $0.bindMemory(to: UInt8.self))
        }
    }
}
