// The rejects of a batch: those that came as such, and the rows that Postgres refused.

internal import Postgres
internal import Records

extension LoadTransaction {
    func writeRejects() throws {
        let count = batch.rejects.count + tally.refused.count
        guard count > 0 else { return }
        var columns = RejectColumns(count: count, bytes: batch.rejectBytes.count)
        for reject in batch.rejects {
            columns.append(
                reject.place, of: batch, form: reject.form,
                bytes: batch.rejectBytes.slice(reject.bytes, reject.byteCount),
                errors: batch.rejectBytes.slice(reject.bytes + reject.byteCount, reject.errorCount))
        }
        for (number, errors) in tally.refused {
            let row = batch.rows[Int(number)]
            errors.withUnsafeBufferPointer { errors in
                columns.append(
                    row.place, of: batch, form: .json, bytes: batch.wire(of: row),
                    errors: errors)
            }
        }
        _ = try connection.query(
            statements.addRejects, [.text(environment.cluster), .text(environment.topic)] + columns.parameters())
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

    init(count: Int, bytes byteCount: Int) {
        jobs = BinaryArray(of: .uuid, capacity: count * 20)
        partitions = BinaryArray(of: .integer, capacity: count * 8)
        sequences = BinaryArray(of: .bigint, capacity: count * 12)
        lines = BinaryArray(of: .bigint, capacity: count * 12)
        byteOffsets = BinaryArray(of: .bigint, capacity: count * 12)
        lengths = BinaryArray(of: .bigint, capacity: count * 12)
        forms = BinaryArray(of: .text, capacity: count * 8)
        bytes = BinaryArray(of: .bytea, capacity: count * 4 + byteCount)
        errors = BinaryArray(of: .text, capacity: count * 100)
        kafkaOffsets = BinaryArray(of: .bigint, capacity: count * 12)
        kafkaTimes = BinaryArray(of: .bigint, capacity: count * 12)
    }

    mutating func append(_ place: BatchPlace, of batch: Batch, form: Batch.RejectForm, bytes: Bytes, errors: Bytes) {
        let step = batch.progress[Int(place.progressIndex)]
        withUnsafeBytes(of: (step.job.high.bigEndian, step.job.low.bigEndian)) {
            jobs.append(value: $0.bindMemory(to: UInt8.self))
        }
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
    }

    consuming func parameters() -> [Parameter] {
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
