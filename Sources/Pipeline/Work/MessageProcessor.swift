// From a Kafka message to a row, a reject or nothing: header, sequence rule, validation. The hot path of `work`.

import Kafka
import Records

/// What the intake cannot know by itself.
protocol ProgressSource: AnyObject {
    /// How far a job is in a partition, from the database.
    func progress(of job: JobID, partition: Int32) throws -> Progress
    /// A job that cannot be loaded into this database; said once a run.
    func passedOver(_ job: JobID, why: PassOverReason)
}

enum PassOverReason {
    case otherKey(KeyFields, OnDuplicate)
    case newerWire(UInt8)
}

/// Takes messages in offset order of each partition. Used by the polling thread only.
final class MessageProcessor {
    private let validator: Validator
    private let keyFields: KeyFields
    private unowned let source: any ProgressSource

    /// Jobs that got a record, a marker or a reject from us in this run.
    private(set) var touched: Set<JobID> = []

    init(keyFields: KeyFields, source: any ProgressSource) {
        self.keyFields = keyFields
        self.source = source
        validator = Validator(key: keyFields)
    }

    /// Everything the database will know of this message goes into `builder`. Throws only what `progress` threw; the
    /// message is then not taken.
    func take(_ message: Message, _ state: PartitionState, into builder: BatchBuilder) throws {
        let isFirst = state.anchor == nil && state.newAnchor == nil
        if isFirst || state.candidate == nil {
            let anchor = Anchor(offset: message.offset, hash: anchorHash(message))
            if isFirst { state.newAnchor = anchor } else { state.candidate = anchor }
        }
        guard let raw = message.header(WireHeader.name) else {
            return try takeForeign(message, state, into: builder)
        }
        switch WireHeader.decode(raw) {
        case .header(let header): try takeOurs(header, message, state, into: builder)
        case .newer(let version, let job, let seq):
            let progress = try self.progress(of: job, state)
            progress.passOver(Int64(clamping: seq))
            _ = builder.step(progress)
            builder.batch.newerJobs.append((job, version))
            touch(progress)
            source.passedOver(job, why: .newerWire(version))
        case .malformed:
            try rejectForeign(
                message, state, into: builder,
                FieldError(
                    field: "", code: "malformed_header", message: "the userload header does not decode"))
        }
        builder.touch(state)
    }

    private func takeOurs(
        _ header: WireHeader, _ message: Message, _ state: PartitionState, into builder: BatchBuilder
    ) throws {
        let progress = try self.progress(of: header.job, state)
        let seq = Int64(clamping: header.seq)
        var verdict = progress.verdict(header.kind, seq)
        let value = message.value ?? Bytes(start: nil, count: 0)
        if header.kind == .start {
            guard let marker = try? StartMarker(decoding: value), marker.job == header.job else {
                return try rejectForeign(
                    message, state, into: builder,
                    FieldError(
                        field: "", code: "malformed_marker", message: "a start marker of ours does not decode"))
            }
            if verdict == .apply, marker.keyFields != keyFields || marker.onDuplicate != .skip {
                verdict = .passOver
                source.passedOver(header.job, why: .otherKey(marker.keyFields, marker.onDuplicate))
            }
            builder.batch.starts.append(marker)
        }
        var end: EndMarker?
        if header.kind == .end, verdict == .apply {
            end = try? EndMarker(decoding: value)
            if end == nil {
                return try rejectForeign(
                    message, state, into: builder,
                    FieldError(
                        field: "", code: "malformed_marker", message: "an end marker of ours does not decode"))
            }
        }
        guard verdict != .drop else { return }
        touch(progress)
        let step = builder.step(progress)
        guard verdict == .apply else { return progress.passOver(seq) }
        switch header.kind {
        case .start: break
        case .end: builder.batch.progress[step].end = end
        case .broken: builder.batch.progress[step].broken = true
        case .record, .raw, .truncated:
            progress.count(bytes: Int64(clamping: header.length) + 1)
            validator.lenient = header.lenient ?? []
            if header.kind == .record, validator.validate(value) {
                builder.batch.addRow(
                    person: validator.person, key: validator.key, progressIndex: step, seq: seq,
                    line: Int64(clamping: header.line), byteOffset: Int64(clamping: header.offset),
                    length: Int64(clamping: header.length), kafkaOffset: message.offset,
                    kafkaTime: message.timestamp, wire: value)
            } else {
                reject(header, message, value, step, builder)
            }
        }
        progress.apply(header.kind, seq, value: value)
    }

    private func reject(
        _ header: WireHeader, _ message: Message, _ value: Bytes, _ step: Int, _ builder: BatchBuilder
    ) {
        let form: Batch.RejectForm
        var errors: [UInt8]?
        switch header.kind {
        case .record:
            form = .json
            errors = FieldError.json(validator.errors)
        case .truncated: form = .truncated
        default: form = .raw
        }
        if errors == nil {
            // What push says of it, if that is a list of errors; it comes from the wire, so it is looked at first.
            if let told = message.header(WireHeader.errorsName), FieldError.parse(told) != nil {
                errors = Array(told)
            } else {
                errors = FieldError.json([
                    FieldError(field: "", code: "unknown", message: "push sent no readable list of errors")
                ])
            }
        }
        errors!.withUnsafeBufferPointer { list in
            builder.batch.addReject(
                progressIndex: step, seq: Int64(clamping: header.seq), line: Int64(clamping: header.line),
                byteOffset: Int64(clamping: header.offset), length: Int64(clamping: header.length), form: form,
                bytes: value, errors: list, kafkaOffset: message.offset, kafkaTime: message.timestamp)
        }
    }

    // MARK: Messages of other producers: job "-"

    private func takeForeign(_ message: Message, _ state: PartitionState, into builder: BatchBuilder) throws {
        let progress = try self.progress(of: .foreign, state)
        let value = message.value ?? Bytes(start: nil, count: 0)
        guard value.count <= Limits.valueBytes else {
            return try rejectForeign(
                message, state, into: builder,
                FieldError(
                    field: "", code: "too_long", message: "\(value.count) bytes; at most \(Limits.valueBytes)"))
        }
        validator.lenient = []
        guard validator.validate(value) else {
            return try rejectForeign(message, state, into: builder, validator.errors)
        }
        touch(progress)
        let step = builder.step(progress)
        progress.count(bytes: Int64(value.count))
        builder.batch.addRow(
            person: validator.person, key: validator.key, progressIndex: step, seq: 0, line: 0, byteOffset: 0,
            length: Int64(value.count), kafkaOffset: message.offset, kafkaTime: message.timestamp, wire: value)
        builder.touch(state)
    }

    private func rejectForeign(
        _ message: Message, _ state: PartitionState, into builder: BatchBuilder, _ errors: FieldError...
    ) throws {
        try rejectForeign(message, state, into: builder, errors)
    }

    private func rejectForeign(
        _ message: Message, _ state: PartitionState, into builder: BatchBuilder, _ errors: [FieldError]
    ) throws {
        let progress = try self.progress(of: .foreign, state)
        touch(progress)
        let step = builder.step(progress)
        let value = message.value ?? Bytes(start: nil, count: 0)
        let isCut = value.count > Limits.valueBytes
        progress.count(bytes: Int64(value.count))
        withBytes(FieldError.json(errors)) { list in
            builder.batch.addReject(
                progressIndex: step, seq: 0, line: 0, byteOffset: 0, length: Int64(value.count),
                form: isCut ? .truncated : .json,
                bytes: isCut ? Bytes(rebasing: value[..<Limits.truncatedBytes]) : value, errors: list,
                kafkaOffset: message.offset, kafkaTime: message.timestamp)
        }
        builder.touch(state)
    }

    // MARK: What is known of jobs

    @inline(__always)
    private func progress(of job: JobID, _ state: PartitionState) throws -> JobProgress {
        if let current = state.current, current.job == job { return current }
        if let known = state.jobs[job] {
            state.current = known
            return known
        }
        let loaded = JobProgress(
            job: job, partition: state.partition, try source.progress(of: job, partition: state.partition))
        // A backlog may hold any number of jobs: those that have ended need no memory.
        if state.jobs.count >= 1_024 { state.jobs = state.jobs.filter { !$0.value.ended } }
        state.jobs[job] = loaded
        state.current = loaded
        return loaded
    }

    @inline(__always)
    private func touch(_ progress: JobProgress) {
        guard !progress.isTouched else { return }
        progress.isTouched = true
        if touched.count < 10_000 { touched.insert(progress.job) }
    }
}

/// What tells a message at an offset from any other: its value, key, header and timestamp.
func anchorHash(_ message: Message) -> UInt64 {
    anchorHash(
        value: message.value, key: message.key, header: message.header(WireHeader.name), timestamp: message.timestamp)
}

func anchorHash(_ message: MessageCopy) -> UInt64 {
    func view<R>(_ bytes: [UInt8]?, _ body: (Bytes?) -> R) -> R {
        guard let bytes else { return body(nil) }
        return withBytes(bytes) { body($0) }
    }
    return view(message.value) { value in
        view(message.key) { key in
            view(message.header) { header in
                anchorHash(value: value, key: key, header: header, timestamp: message.timestamp)
            }
        }
    }
}

private func anchorHash(value: Bytes?, key: Bytes?, header: Bytes?, timestamp: Int64) -> UInt64 {
    var hash: UInt64 = 0
    for part in [value, key, header] {
        if let part { hash = Hash.xxh3(part, seed: hash) } else { hash = hash &* 31 &+ 1 }
    }
    return withUnsafeBytes(of: timestamp.littleEndian) { Hash.xxh3($0.bindMemory(to: UInt8.self), seed: hash) }
}
