// From records to messages: validated, keyed, numbered. What push sends is a pure function of the file's bytes and the
// job's plan, so that a second scan gives every record the same partition and sequence.

/// One pass over an input whose header has been read. One thread.
package final class RecordStream {
    /// The message of the last `next`.
    package private(set) var outgoing = OutgoingMessage()
    /// All so far, rejects included.
    package private(set) var records: UInt64 = 0
    /// Records that travel as raw or truncated.
    package private(set) var rejects: UInt64 = 0
    /// Clean records with a field that broke its rule and stays as it came.
    package private(set) var spared: UInt64 = 0
    /// What is wrong with the rejects.
    package private(set) var errorTally = ErrorTally()

    /// Counts the people that `next` finds.
    package var ages: AgeTally?

    private let scanner: RecordScanner
    private let validator: Validator
    private let partitionCount: Int
    private let job: JobID
    private let lenient: LenientFields?
    private let onDuplicate: OnDuplicate
    private let isFix: Bool
    private let ageSource: AgeSource?
    private let partitions: UnsafeMutablePointer<PartitionState>
    private let header: UnsafeMutablePointer<UInt8>
    private let errors = ByteBuffer()

    private struct PartitionState {
        var lastSeq: UInt64 = 0
        var digest: UInt64 = 0
    }

    /// - Parameters:
    ///   - scanner: which has begun with the plan's conclusion.
    package init(scanner: RecordScanner, plan: Plan, job: JobID) {
        let count = plan.partitions
        precondition(count > 0, "a topic without partitions")
        self.scanner = scanner
        self.job = job
        lenient = plan.isPlain ? nil : plan.input.lenient
        onDuplicate = plan.onDuplicate
        isFix = plan.input.isFix
        ageSource = plan.input.age
        validator = Validator(key: plan.keyFields)
        validator.lenient = plan.input.lenient
        partitionCount = count
        partitions = .allocate(capacity: count)
        partitions.initialize(repeating: PartitionState(), count: count)
        header = .allocate(capacity: WireHeader.maximumSize)
    }

    deinit {
        partitions.deallocate()
        header.deallocate()
    }

    /// Bytes of the input up to the end of the last record.
    package var bytesConsumed: UInt64 { scanner.position }

    /// The next message; false at the end of the input.
    package func next() throws -> Bool {
        guard try scanner.next() else { return false }
        if let json = scanner.record.json, validator.validate(json) {
            outgoing.kind = .record
            outgoing.value = json
            outgoing.key = validator.key
            outgoing.errors = nil
            outgoing.partition = Partitioner.partition(validator.key, partitionCount)
            if validator.isSpared { spared += 1 }
            ages?.add(validator.person.age)
        } else {
            reject(scanner.record)
        }
        records &+= 1
        number()
        return true
    }

    private func reject(_ record: ScannedRecord) {
        let found = record.json == nil ? record.errors : errorsWithAge(record.ageFault)
        outgoing.kind = record.isTruncated ? .truncated : .raw
        outgoing.value = record.original
        outgoing.key = nil
        outgoing.partition = Partitioner.partition(line: record.line, partitionCount)
        errors.removeAll()
        errors.append(FieldError.json(found))
        outgoing.errors = errors.bytes
        rejects += 1
        errorTally.reject(record, found)
    }

    /// The validator's, with what is wrong with the date of birth in place of the age that is missing.
    private func errorsWithAge(_ fault: AgeFault) -> [FieldError] {
        guard let ageSource, let error = FieldError(fault, ageSource) else { return validator.errors }
        return validator.errors.map { $0.field == "age" && $0.code == "missing" ? error : $0 }
    }

    @inline(__always)
    private func number() {
        let state = partitions + Int(outgoing.partition)
        state.pointee.lastSeq &+= 1
        state.pointee.digest = Digest.extend(state.pointee.digest, outgoing.value)
        outgoing.seq = state.pointee.lastSeq
        let wire = WireHeader(
            kind: outgoing.kind, job: job, seq: outgoing.seq, line: scanner.record.line,
            offset: scanner.record.offset, length: scanner.record.length, lenient: lenient,
            onDuplicate: onDuplicate, isFix: isFix, fixes: scanner.record.fixes)
        outgoing.header = Bytes(start: header, count: wire.encode(to: header))
    }

    /// The last seq given out in `partition`; 0 if none was.
    package func sequence(of partition: Int) -> UInt64 { partitions[partition].lastSeq }

    /// Complete once `next` has returned false.
    package func endMarker(partition: Int) -> EndMarker {
        let state = partitions[partition]
        return EndMarker(lastSeq: state.lastSeq, records: state.lastSeq, digest: state.digest)
    }
}

extension FieldError {
    /// nil: nothing is wrong with the date.
    fileprivate init?(_ fault: AgeFault, _ source: AgeSource) {
        switch fault {
        case .none: return nil
        case .notADate: self.init(field: source.name, code: "not_a_date", message: "is not a date")
        case .inFuture: self.init(field: source.name, code: "date_in_future", message: "is after \(source.asOf.text)")
        case .outOfRange:
            self.init(
                field: source.name, code: "out_of_range", message: "is more than 150 years before \(source.asOf.text)")
        }
    }
}
