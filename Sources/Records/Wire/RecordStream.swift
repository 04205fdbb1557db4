// From records to messages: validated, keyed, numbered. What push sends is a pure function of the file's bytes and the
// job's plan, so that a second scan gives every record the same partition and sequence.

/// One pass over an input whose header has been read. One thread.
package final class RecordStream {
    /// The message of the last `next`.
    @exclusivity(unchecked) package private(set) var outgoing = OutgoingMessage()
    /// All so far, rejects included.
    @exclusivity(unchecked) package private(set) var records: UInt64 = 0
    /// Records that travel as raw or truncated.
    @exclusivity(unchecked) package private(set) var rejects: UInt64 = 0
    package private(set) var firstReject: (line: UInt64, error: FieldError)?

    private let scanner: RecordScanner
    private let validator: Validator
    private let partitionCount: Int
    private let job: JobID
    private let partitions: UnsafeMutablePointer<PartitionState>
    private let header: UnsafeMutablePointer<UInt8>
    private let errors = ByteBuffer()

    private struct PartitionState {
        var lastSeq: UInt64 = 0
        var digest: UInt64 = 0
    }

    /// - Parameter partitions: at least 1.
    package init(scanner: RecordScanner, key: KeyFields, partitions count: Int, job: JobID) {
        precondition(count > 0, "a topic without partitions")
        self.scanner = scanner
        self.job = job
        validator = Validator(key: key)
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
        } else {
            reject(scanner.record)
        }
        records &+= 1
        number()
        return true
    }

    private func reject(_ record: ScannedRecord) {
        let found = record.json == nil ? record.errors : validator.errors
        outgoing.kind = record.isTruncated ? .truncated : .raw
        outgoing.value = record.original
        outgoing.key = nil
        outgoing.partition = Partitioner.partition(line: record.line, partitionCount)
        errors.removeAll()
        errors.append(FieldError.json(found))
        outgoing.errors = errors.bytes
        rejects += 1
        if firstReject == nil, let error = found.first { firstReject = (record.line, error) }
    }

    @inline(__always)
    private func number() {
        let state = partitions + Int(outgoing.partition)
        state.pointee.lastSeq &+= 1
        state.pointee.digest = Digest.extend(state.pointee.digest, outgoing.value)
        outgoing.seq = state.pointee.lastSeq
        let wire = WireHeader(
            kind: outgoing.kind, job: job, seq: outgoing.seq, line: scanner.record.line,
            offset: scanner.record.offset, length: scanner.record.length)
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
