// The messages of one job in their order: the records of its input, then the end markers, or broken markers if the input
// is not what it was in the first pass. Gives the same messages again after `rewind`.

import Files
import Records

/// One thread owns it.
final class JobInput {
    let source: FileSource
    /// Whether reading began: from then on only `rewind` gives the first record again.
    private(set) var hasRead = false
    /// The bytes pushed are not those of the first pass.
    private(set) var isBroken = false
    /// What is wrong with them, if they could not even be read to the end.
    private(set) var damage: String?
    /// By partition, once the input ended.
    private(set) var ends: [EndMarker]?

    private let job: JobID
    private let plan: Plan
    private let content: ContentHash?
    private let preparedScanner: RecordScanner?
    private var stream: RecordStream?
    private var pending: [Int] = []  // partitions whose last marker is still to come, in reverse
    private var skipped: [UInt64]  // by partition: up to this seq Kafka has it

    /// - Parameters:
    ///   - content: what the first pass found; nil for a stream.
    ///   - scanner: of a stream, which has looked at its first bytes; nil for a regular file.
    init(source: FileSource, job: JobID, plan: Plan, content: ContentHash?, scanner: RecordScanner?) {
        self.source = source
        self.job = job
        self.plan = plan
        self.content = content
        preparedScanner = scanner
        skipped = Array(repeating: 0, count: plan.partitions)
    }

    var records: UInt64 { stream?.records ?? 0 }
    var rejects: UInt64 { stream?.rejects ?? 0 }
    var spared: UInt64 { stream?.spared ?? 0 }
    var firstReject: (line: UInt64, error: FieldError)? { stream?.firstReject }
    var bytesConsumed: UInt64 { stream?.bytesConsumed ?? 0 }
    /// For the headers of markers; nil: wire version 1.
    var lenient: LenientFields? { plan.isPlain ? nil : plan.input.lenient }
    /// The last record read is one that Kafka has.
    private(set) var isSkipping = false

    /// What is acknowledged is not given out again. Before reading begins.
    func skip(_ acknowledged: [Acknowledged?]) {
        skipped = acknowledged.map { $0?.last.seq ?? 0 }
    }

    /// Appends the next message, or passes one over that Kafka has. False: there is none.
    func next(into window: SendWindow) throws -> Bool {
        guard ends == nil else { return try appendMarker(to: window) }
        guard let stream = try nextRecord() else {
            end()
            return try appendMarker(to: window)
        }
        let record = stream.outgoing
        isSkipping = record.seq <= skipped[Int(record.partition)]
        if !isSkipping {
            window.append(
                partition: record.partition, seq: record.seq, value: record.value, key: record.key,
                header: record.header, errors: record.errors, position: stream.bytesConsumed)
        }
        return true
    }

    /// Everything is given out again.
    func rewind() throws(PipelineError) {
        stream = nil
        ends = nil
        isBroken = false
        damage = nil
        pending = []
        isSkipping = false
        for partition in skipped.indices { skipped[partition] = 0 }
    }

    func append(end: EndMarker, partition: Int, to window: SendWindow) throws(MarkerError) {
        let seq = end.lastSeq + 1
        let header = ByteBuffer(
            header: WireHeader(
                kind: isBroken ? .broken : .end, job: job, seq: seq, lenient: lenient))
        let value = ByteBuffer(try end.encode())
        window.append(
            partition: Int32(partition), seq: seq, value: value.bytes, header: header.bytes, position: bytesConsumed)
    }

    /// The stream at its next record; nil at the end of the input, or where it is damaged.
    @inline(__always)
    private func nextRecord() throws -> RecordStream? {
        do {
            guard let stream = try stream ?? begin(), try stream.next() else { return nil }
            return stream
        } catch let error as FileError where error.kind != .unreadable {
            damage = error.message
        } catch let error as InputError {
            damage = error.message
        }
        return nil
    }

    /// nil: the file begins otherwise than in the first pass.
    private func begin() throws -> RecordStream? {
        hasRead = true
        do {
            if let preparedScanner {
                try preparedScanner.begin(plan.input)
                stream = RecordStream(scanner: preparedScanner, plan: plan, job: job)
            } else {
                source.rewind()
                _ = try source.window()
                let scanner = RecordScanner(offset: source.textStart) { [source] in try source.read($0) }
                try scanner.begin(plan.input)
                stream = RecordStream(scanner: scanner, plan: plan, job: job)
            }
        } catch let error as InputError {
            guard preparedScanner == nil else { throw error }
            return nil
        }
        return stream
    }

    private func end() {
        isBroken = damage != nil || content.map { $0 != source.contentHash() } ?? false
        ends = (0..<plan.partitions).map {
            stream?.endMarker(partition: $0) ?? EndMarker(lastSeq: 0, records: 0, digest: 0)
        }
        pending = Array((0..<plan.partitions).reversed())
    }

    private func appendMarker(to window: SendWindow) throws(MarkerError) -> Bool {
        while let partition = pending.popLast() {
            guard let end = ends?[partition] else { continue }
            if !isBroken, end.lastSeq + 1 <= skipped[partition] { continue }
            try append(end: end, partition: partition, to: window)
            return true
        }
        return false
    }
}
