// The rows, rejects and bookkeeping steps of one transaction, collected as bytes while messages come in.

package import Records

/// Built by one thread, then handed to a loader; one owner at a time. `reset` makes it ready for the next use, with
/// its memory.
package final class Batch {
    package var partitions: [PartitionStep] = []
    package var progress: [ProgressStep] = []
    /// Start markers, in the order they came.
    package var starts: [StartMarker] = [] {
        didSet {
            // They only ever come behind those that are there, but for another list in their place.
            if starts.count <= countedStarts { (countedStarts, startBytes) = (0, 0) }
            for marker in starts[countedStarts...] { startBytes += marker.heldBytes }
            countedStarts = starts.count
        }
    }
    private var countedStarts = 0
    private var startBytes = 0
    /// Of the start markers.
    package var runs = BatchRuns()
    /// Jobs of a wire version above 1; of one that this program does not know, no more can be said.
    package var jobVersions: [(job: JobID, version: UInt8)] = []
    /// Jobs that were passed over because another one with another number of partitions is open.
    package var waiting: Set<JobID> = []

    /// Of each row, in the order they came: its COPY form (`CopyRow`), its key (`Validator.key`), its wire value in case
    /// Postgres refuses it. One buffer, not three: its bounds are looked at once a row.
    let rowBytes = ByteBuffer(capacity: Batch.usualBytes)
    var rows: ContiguousArray<BatchRow> = []
    private var copyCount = 0
    /// Of a usual batch's rows; what is not used is never there.
    private static let usualBytes = 24 << 20

    /// Rejects: bytes and errors (JSON), one after the other in `rejectBytes`.
    let rejectBytes = ByteBuffer(capacity: 1 << 10)
    var rejects: ContiguousArray<BatchReject> = []

    /// Records that stand for rejects of earlier jobs.
    var fixes: ContiguousArray<BatchFix> = []

    /// Filled by `sortRows`: rows in the order of the unique index, without those that repeat a key of this batch.
    var order: ContiguousArray<UInt32> = []
    /// Rows left out of `order`, and how many they are by progress step.
    var repeats: ContiguousArray<BatchRepeat> = []
    var repeated: [Int] = []
    /// Of keys that several records have, not all of which skip duplicates: what is to be tried one after the other, the
    /// first of each in `order`. Filled by `sortRows`.
    var chains: [[UInt32]] = []
    /// Rows that records which update one key were folded into, behind those that came.
    var folds: [UInt32: BatchFold] = [:]
    var isSorted = false
    let sorter = BatchSorter()

    /// Of an attempt whose COMMIT was not answered: the transaction's id, and what it did.
    var unconfirmed: (transaction: String, tally: LoadTally)?

    package init() {}

    package var rowCount: Int { rows.count }
    package var rejectCount: Int { rejects.count }

    /// What limits a batch: the bytes that the server will be sent for rows and rejects, or a third of what it holds in
    /// memory, if that is more. A usual row is held in two to three times its bytes; one with a megabyte of blanks, which
    /// are not sent, in ten thousand times.
    package var byteCount: Int { max(copyCount + rejectBytes.count, heldBytes / 3) }

    private var heldBytes: Int {
        rowBytes.count + rows.count * MemoryLayout<BatchRow>.stride
            + rejectBytes.count + rejects.count * MemoryLayout<BatchReject>.stride
            + fixes.count * MemoryLayout<BatchFix>.stride + startBytes + runs.heldBytes + jobVersions.count * 32
            + progress.count * MemoryLayout<ProgressStep>.stride
    }

    /// Adds a clean record; `progress[progressIndex]` is its job and partition. Does not allocate once the buffers
    /// have grown. For the job "-", seq, line and byteOffset are 0.
    package func addRow(
        person: Person, key: Bytes, progressIndex: Int, seq: Int64, line: Int64, byteOffset: Int64, length: Int64,
        kafkaOffset: Int64, kafkaTime: Int64, wire value: Bytes, nulls: NullFields = []
    ) {
        isSorted = false
        appendRow(
            person: person, key: key, wire: value, nulls: nulls,
            BatchPlace(
                progressIndex: Int32(truncatingIfNeeded: progressIndex), seq: seq, line: line, byteOffset: byteOffset,
                length: length, kafkaOffset: kafkaOffset, kafkaTime: kafkaTime))
    }

    @inline(__always)
    func appendRow(person: Person, key: Bytes, wire value: Bytes, nulls: NullFields, _ place: BatchPlace) {
        let fields =
            person.name.count + (person.email?.count ?? 0) + (person.phoneNumber?.count ?? 0)
            + (person.address?.count ?? 0) + (person.additionalInfo?.count ?? 0)
        rowBytes.reserve(CopyRow.overhead + fields + key.count + value.count)
        let row = rowBytes.count
        let start = rowBytes.base + row
        var target = start
        CopyRow.append(person, job: progress[Int(place.progressIndex)].job, to: &target)
        let copyCount = target - start
        target.append(key)
        target.append(value)
        rowBytes.count = row + (target - start)
        self.copyCount += copyCount
        rows.append(
            BatchRow(
                start: row, copyCount: Int32(truncatingIfNeeded: copyCount),
                keyCount: Int32(truncatingIfNeeded: key.count), wireCount: Int32(truncatingIfNeeded: value.count),
                nameCount: UInt16(truncatingIfNeeded: person.name.count), age: UInt8(truncatingIfNeeded: person.age),
                nulls: nulls, place: place))
    }

    /// Adds a record that cannot become a row, and counts it as rejected. `errors` is a JSON list of `FieldError`s.
    package func addReject(
        progressIndex: Int, seq: Int64, line: Int64, byteOffset: Int64, length: Int64, form: RejectForm, bytes: Bytes,
        errors: Bytes, kafkaOffset: Int64, kafkaTime: Int64
    ) {
        rejects.append(
            BatchReject(
                bytes: rejectBytes.count, byteCount: bytes.count, errorCount: errors.count, form: form,
                place: BatchPlace(
                    progressIndex: Int32(truncatingIfNeeded: progressIndex), seq: seq, line: line,
                    byteOffset: byteOffset, length: length, kafkaOffset: kafkaOffset, kafkaTime: kafkaTime)))
        rejectBytes.append(bytes)
        rejectBytes.append(errors)
        progress[progressIndex].rejected += 1
    }

    /// Empty again. Memory beyond what a usual batch needs is given back.
    package func reset() {
        partitions.removeAll(keepingCapacity: true)
        progress.removeAll(keepingCapacity: true)
        starts.removeAll()
        runs = BatchRuns()
        jobVersions.removeAll()
        waiting.removeAll()
        forgetFolds()
        rows.removeAll(keepingCapacity: true)
        rejects.removeAll(keepingCapacity: true)
        fixes.removeAll()
        order.removeAll(keepingCapacity: true)
        repeated.removeAll(keepingCapacity: true)
        repeats.removeAll(keepingCapacity: true)
        isSorted = false
        copyCount = 0
        unconfirmed = nil
        for buffer in [rowBytes, rejectBytes] { buffer.shrink(to: Self.usualBytes) }
    }

    /// It was committed: its steps count its records by what was done with them.
    func conclude(_ tally: LoadTally) {
        unconfirmed = nil
        for index in progress.indices {
            progress[index].inserted = tally.inserted[index]
            progress[index].updated = tally.updated[index]
            progress[index].duplicates = tally.duplicates[index]
            progress[index].rejected = tally.rejected[index]
        }
    }
}

/// A row whose key another one of the batch has, too.
struct BatchRepeat {
    /// The first that came with this key.
    var first: UInt32
    var row: UInt32
}

extension StartMarker {
    /// Of memory, about.
    fileprivate var heldBytes: Int {
        options.reduce(512 + path.utf8.count + (label?.utf8.count ?? 0) + host.utf8.count + (header?.count ?? 0)) {
            $0 + 32 + $1.utf8.count
        }
    }
}

/// Where a record came from.
struct BatchPlace {
    var progressIndex: Int32
    var seq: Int64
    var line: Int64
    var byteOffset: Int64
    var length: Int64
    var kafkaOffset: Int64
    var kafkaTime: Int64
}

/// A row: where its bytes begin in `rowBytes`, and how many they are: COPY form, then key, then wire value.
struct BatchRow {
    var start: Int
    var copyCount: Int32
    var keyCount: Int32
    var wireCount: Int32
    var nameCount: UInt16
    var age: UInt8
    /// Of a job that updates.
    var nulls: NullFields
    var place: BatchPlace

    var key: Int { start + Int(copyCount) }
    var wire: Int { key + Int(keyCount) }
}

extension Batch {
    func copy(of row: BatchRow) -> Bytes { rowBytes.slice(row.start, Int(row.copyCount)) }

    func key(of row: BatchRow) -> Bytes { rowBytes.slice(row.key, Int(row.keyCount)) }

    func name(of row: BatchRow) -> Bytes { rowBytes.slice(row.start + CopyRow.nameOffset, Int(row.nameCount)) }

    func wire(of row: BatchRow) -> Bytes { rowBytes.slice(row.wire, Int(row.wireCount)) }
}

/// A reject: its bytes, then its errors, in `rejectBytes`.
struct BatchReject {
    var bytes: Int
    var byteCount: Int
    var errorCount: Int
    var form: Batch.RejectForm
    var place: BatchPlace
}
