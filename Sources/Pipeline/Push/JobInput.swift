// The messages of one job in their order: its start markers, the records of its input, then the end markers, or broken
// markers if the input is not what it was in the first pass. Gives the same messages again after `rewind`.

import Files
import Records

/// One thread owns it.
final class JobInput {
    let source: FileSource
    /// The bytes pushed are not those of the first pass.
    private(set) var isBroken = false
    /// What is wrong with them, if they could not even be read to the end.
    private(set) var damage: String?
    /// By partition, once the input ended.
    private(set) var ends: [EndMarker]?
    /// Its number in the window.
    var number = 0
    /// A session's start markers are those of its first job, and stand alone; here they are left out.
    var startsAlone: Bool { number == 0 }
    private(set) var startMarker: ByteBuffer
    private var marker: StartMarker
    let startHeader: ByteBuffer

    private let job: JobID
    private let plan: Plan
    private let content: ContentHash?
    private let preparedScanner: RecordScanner?
    private var stream: RecordStream?
    private var hasBegun = false
    private var pendingStarts: [Int] = []  // partitions whose marker is still to come, in reverse
    private var pendingEnds: [Int] = []
    private var skipped: [UInt64]  // by partition: up to this seq Kafka has it
    private var read = Counts()
    private var held = HeldRecords()

    /// What was found in an input that was read.
    private struct Counts {
        var records: UInt64 = 0
        var rejects: UInt64 = 0
        var spared: UInt64 = 0
        var errors: [ErrorTally.Errors] = []
        var bytes: UInt64 = 0
    }

    /// - Parameters:
    ///   - content: what the first pass found; nil for a stream.
    ///   - scanner: of a stream, which has looked at its first bytes; nil for a regular file.
    /// - Throws: if the marker cannot be sent.
    init(
        source: FileSource, marker: StartMarker, plan: Plan, scanner: RecordScanner?
    ) throws(MarkerError) {
        self.source = source
        self.marker = marker
        job = marker.job
        self.plan = plan
        content = marker.contentHash
        preparedScanner = scanner
        skipped = Array(repeating: 0, count: plan.partitions)
        startMarker = ByteBuffer(try marker.encode())
        startHeader = ByteBuffer(header: plan.markerHeader(.start, marker.job, seq: 0))
    }

    var records: UInt64 { stream?.records ?? read.records }
    var rejects: UInt64 { stream?.rejects ?? read.rejects }
    var spared: UInt64 { stream?.spared ?? read.spared }
    /// What is wrong with the rejects, the most frequent first.
    var errors: [ErrorTally.Errors] { stream?.errorTally.errors ?? read.errors }
    var bytesConsumed: UInt64 { stream?.bytesConsumed ?? read.bytes }
    var form: Form { plan.input.form }
    /// The last record read is one that Kafka has.
    private(set) var isSkipping = false

    /// So many files of the run so far are this job. Before anything is sent.
    func repeats(copies: Int) throws(MarkerError) {
        marker.run?.copies = copies
        startMarker = ByteBuffer(try marker.encode())
    }

    /// What is acknowledged is not given out again. Before reading begins.
    func skip(_ acknowledged: [Acknowledged?]) {
        skipped = acknowledged.map { $0?.last.seq ?? 0 }
        if Torture.has(.resumeSkipsOne) { skipped = skipped.map { $0 > 0 ? $0 + 1 : 0 } }
    }

    /// Kafka has all of it: only its markers are given out. Before reading begins.
    func repeatMarkers(_ ends: [EndMarker]) {
        begin()
        self.ends = ends
        for partition in skipped.indices { skipped[partition] = 0 }
        pendingEnds = Array(ends.indices.reversed())
    }

    /// Appends the next message, or passes one over that Kafka has. False: there is none.
    func next(into window: SendWindow) throws -> Bool {
        if !hasBegun { begin() }
        if !pendingStarts.isEmpty, let partition = pendingStarts.popLast() {
            window.append(
                job: number, partition: Int32(partition), seq: 0, value: startMarker.bytes, header: startHeader.bytes)
            return true
        }
        guard ends == nil else { return try appendEnd(to: window) }
        guard let stream = try nextRecord() else {
            end()
            return try appendEnd(to: window)
        }
        let record = stream.outgoing
        isSkipping = record.seq <= skipped[Int(record.partition)]
        if !isSkipping, !held.takes(record, stream.bytesConsumed, window, job: number) {
            window.append(
                job: number, partition: record.partition, seq: record.seq, value: record.value, key: record.key,
                header: record.header, errors: record.errors, position: stream.bytesConsumed)
        }
        return true
    }

    /// Everything is given out again.
    func rewind() {
        stream = nil
        ends = nil
        isBroken = false
        damage = nil
        hasBegun = false
        pendingEnds = []
        isSkipping = false
        held = HeldRecords()
        read = Counts()
        for partition in skipped.indices { skipped[partition] = 0 }
    }

    private func begin() {
        hasBegun = true
        pendingStarts = startsAlone ? [] : Array((0..<plan.partitions).reversed())
    }

    /// The stream at its next record; nil at the end of the input, or where it is damaged.
    @inline(__always)
    private func nextRecord() throws -> RecordStream? {
        do {
            guard let stream = try stream ?? openStream(), try stream.next() else { return nil }
            return stream
        } catch let error as FileError where error.kind != .unreadable {
            damage = error.message
        } catch let error as InputError {
            damage = error.message
        }
        return nil
    }

    /// nil: the file begins otherwise than in the first pass.
    private func openStream() throws -> RecordStream? {
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
        if Torture.has(.changedFileUnnoticed) { isBroken = false }
        ends = (0..<plan.partitions).map {
            stream?.endMarker(partition: $0) ?? EndMarker(lastSeq: 0, records: 0, digest: 0)
        }
        pendingEnds = Array((0..<plan.partitions).reversed())
        read = Counts(
            records: records, rejects: rejects, spared: spared, errors: errors, bytes: bytesConsumed)
        // Its buffers, and those of the file: many inputs may be held until all of them are in the log.
        stream = nil
        if source.isRegular { source.rewind() }
    }

    private func appendEnd(to window: SendWindow) throws(MarkerError) -> Bool {
        while let partition = pendingEnds.popLast() {
            guard var end = ends?[partition] else { continue }
            if Torture.has(.endMarkerOfEmptyMissing), end.records == 0 { continue }
            if Torture.has(.endMarkerWrongSeq), end.records > 0 { end.lastSeq -= 1 }
            let seq = end.lastSeq + 1
            if !isBroken, seq <= skipped[partition] { continue }
            let kind: MessageKind = isBroken ? .broken : .end
            let header = ByteBuffer(header: plan.markerHeader(kind, job, seq: seq))
            let value = ByteBuffer(try end.encode())
            window.append(
                job: number, partition: Int32(partition), seq: seq, value: value.bytes, header: header.bytes,
                position: bytesConsumed)
            held.letGo(Int32(partition), window, job: number)
            return true
        }
        return false
    }
}

extension Plan {
    fileprivate func markerHeader(_ kind: MessageKind, _ job: JobID, seq: UInt64) -> WireHeader {
        WireHeader(
            kind: kind, job: job, seq: seq, lenient: isPlain ? nil : input.lenient, onDuplicate: onDuplicate,
            isFix: input.isFix)
    }
}

extension ByteBuffer {
    convenience init(_ bytes: [UInt8]) {
        self.init(capacity: bytes.count)
        append(bytes)
    }

    convenience init(header: WireHeader) {
        self.init(
            [UInt8](unsafeUninitializedCapacity: WireHeader.maximumSize) { buffer, count in
                count = header.encode(to: buffer.baseAddress!)
            })
    }
}
