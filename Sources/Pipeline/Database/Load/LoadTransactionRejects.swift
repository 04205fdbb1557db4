// The rejects of a batch: those that came as such, and the rows that Postgres refused.

internal import Postgres
internal import Records

extension LoadTransaction {
    func writeRejects() throws {
        var columns = RejectColumns()
        for reject in batch.rejects {
            columns.append(
                reject.place, of: batch, form: reject.form,
                bytes: batch.rejectBytes.slice(
                    reject.bytes, Torture.has(.rejectCut) ? max(1, reject.byteCount - 1) : reject.byteCount),
                errors: batch.rejectBytes.slice(reject.bytes + reject.byteCount, reject.errorCount))
            if columns.isFull { try add(columns.taken()) }
        }
        for (number, errors) in tally.refused {
            let row = batch.rows[Int(number)]
            errors.withUnsafeBufferPointer { errors in
                columns.append(
                    row.place, of: batch, form: .json, bytes: batch.wire(of: row),
                    errors: errors)
            }
            if columns.isFull { try add(columns.taken()) }
        }
        if !columns.isEmpty { try add(columns.taken()) }
    }

    private func add(_ columns: [Parameter]) throws {
        _ = try connection.query(
            statements.addRejects, [.text(environment.cluster), .text(environment.topic)] + columns)
    }
}

/// Columns of loader_add_rejects.sql. INSERT from arrays rather than COPY: it can leave out what is there already, and a
/// million rejects cost little more.
private struct RejectColumns: ~Copyable {
    private var jobs: BinaryArray
    private var partitions: BinaryArray
    private var sequences: BinaryArray
    private var lines: BinaryArray
    private var byteOffsets: BinaryArray
    private var lengths: BinaryArray
    private var forms: BinaryArray
    private var bytes: BinaryArray
    private var errors: BinaryArray
    private var kafkaOffsets: BinaryArray
    private var kafkaTimes: BinaryArray
    private var count = 0
    private var byteCount = 0

    init() {
        jobs = BinaryArray(of: .uuid)
        partitions = BinaryArray(of: .integer)
        sequences = BinaryArray(of: .bigint)
        lines = BinaryArray(of: .bigint)
        byteOffsets = BinaryArray(of: .bigint)
        lengths = BinaryArray(of: .bigint)
        forms = BinaryArray(of: .text)
        bytes = BinaryArray(of: .bytea)
        errors = BinaryArray(of: .text)
        kafkaOffsets = BinaryArray(of: .bigint)
        kafkaTimes = BinaryArray(of: .bigint)
    }

    var isEmpty: Bool { count == 0 }

    /// A statement's worth: parameters are copied on their way to the server.
    var isFull: Bool { count >= 50_000 || byteCount >= 8 << 20 }

    mutating func append(_ place: BatchPlace, of batch: Batch, form: Batch.RejectForm, bytes: Bytes, errors: Bytes) {
        let step = batch.progress[Int(place.progressIndex)]
        jobs.append(job: step.job)
        partitions.append(value: step.partition)
        sequences.append(value: place.seq)
        lines.append(value: place.line)
        byteOffsets.append(value: place.byteOffset)
        lengths.append(value: place.length)
        forms.append(value: form.name)
        self.bytes.append(value: bytes)
        self.errors.append(value: errors)
        kafkaOffsets.append(value: place.kafkaOffset)
        kafkaTimes.append(value: place.kafkaTime)
        count += 1
        byteCount += bytes.count + errors.count
    }

    /// Returns what was collected, and starts again with nothing.
    mutating func taken() -> [Parameter] {
        let full = self
        self = RejectColumns()
        return full.parameters()
    }

    private consuming func parameters() -> [Parameter] {
        [
            jobs.parameter(), partitions.parameter(), sequences.parameter(), lines.parameter(),
            byteOffsets.parameter(), lengths.parameter(), forms.parameter(), bytes.parameter(), errors.parameter(),
            kafkaOffsets.parameter(), kafkaTimes.parameter(),
        ]
    }
}

extension Batch.RejectForm {
    fileprivate var name: Bytes {
        let literal: StaticString =
            switch self {
            case .raw: "raw"
            case .truncated: "truncated"
            case .json: "json"
            }
        return Bytes(start: literal.utf8Start, count: literal.utf8CodeUnitCount)
    }
}
