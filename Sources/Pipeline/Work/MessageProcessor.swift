// From a Kafka message to a row, a reject or nothing: header, sequence rule, validation. The hot path of `work`.

import Kafka
import Records

/// What the processor reads of a message: Kafka's, or a test's. Views, valid while the message is.
protocol TopicMessage {
    var partition: Int32 { get }
    var offset: Int64 { get }
    /// Milliseconds since 1970; −1: none.
    var timestamp: Int64 { get }
    var key: Bytes? { get }
    /// nil: a tombstone.
    var value: Bytes? { get }
    /// The last header of that name.
    func header(_ name: StaticString) -> Bytes?
}

extension Message: TopicMessage {}

/// Takes messages in offset order of each partition. Used by the polling thread only.
final class MessageProcessor {
    private let validator: Validator
    private let keyFields: KeyFields
    private let source: any ProgressSource
    private var startMarkers = StartMarkers()
    private var hasSeenGap = false

    init(keyFields: KeyFields, source: any ProgressSource) {
        self.keyFields = keyFields
        self.source = source
        validator = Validator(key: keyFields)
    }

    /// Everything the database will know of this message goes into `builder`. Throws only what `progress` threw; the
    /// message is then not taken.
    func take(_ message: some TopicMessage, _ state: PartitionState, into builder: BatchBuilder) throws {
        try process(message, state, into: builder)
        // Only what was taken may become the anchor.
        if state.wantsAnchor { state.remember(Anchor(offset: message.offset, hash: anchorHash(message))) }
    }

    /// Whether a message was passed over since this was asked last.
    func takeGap() -> Bool {
        defer { hasSeenGap = false }
        return hasSeenGap
    }

    @inline(__always)
    private func process(_ message: some TopicMessage, _ state: PartitionState, into builder: BatchBuilder) throws {
        guard let raw = message.header(WireHeader.name) else {
            return try takeForeign(message, state, into: builder)
        }
        switch WireHeader.decode(raw) {
        case .header(let header): try takeOurs(header, message, state, into: builder)
        case .newer(let version, let job, let seq):
            let progress = try self.progress(of: job, state)
            progress.passOver(Int64(clamping: seq))
            _ = builder.step(progress)
            builder.batch.jobVersions.append((job, version))
            touch(progress)
            source.passedOver(job, .newerWire(version))
        case .malformed:
            try rejectForeign(
                message, state, into: builder,
                FieldError(
                    field: "", code: "malformed_header", message: "the userload header does not decode"))
        }
        builder.touch(state)
    }

    private func takeOurs(
        _ header: WireHeader, _ message: some TopicMessage, _ state: PartitionState, into builder: BatchBuilder
    ) throws {
        let progress = try self.progress(of: header.job, state)
        let seq = Int64(clamping: header.seq)
        var decision = progress.decide(header.kind, seq)
        let value = message.value ?? Bytes(start: nil, count: 0)
        if case .start = header.kind {
            guard value.count <= Limits.valueBytes, let marker = startMarkers.marker(header.job, value) else {
                return try rejectForeign(
                    message, state, into: builder,
                    FieldError(
                        field: "", code: "malformed_marker", message: "a start marker of ours does not decode"))
            }
            if marker.keyFields != keyFields {
                progress.otherKey = JobKey(
                    fields: marker.keyFields.names, onDuplicate: marker.onDuplicate.rawValue)
            }
            if marker.onDuplicate == .update, decision == .apply, progress.otherKey == nil,
                try source.mustWait(marker)
            {
                decision = .passOver
                builder.batch.waiting.insert(header.job)
                source.passedOver(header.job, .otherPartitions(marker.partitions))
            }
            builder.batch.starts.append(marker)
            if let run = marker.run { builder.batch.runs.add(run, job: marker.job, time: message.timestamp) }
            if header.version > 1 { builder.batch.jobVersions.append((header.job, header.version)) }
        }
        // Also in the middle of a job: the database's key may have changed since its start.
        if let key = progress.otherKey, decision == .apply, header.kind != .broken {
            decision = .passOver
            source.passedOver(header.job, .otherKey(fields: key.fields, onDuplicate: key.onDuplicate))
        }
        var end: EndMarker?
        if case .end = header.kind, decision == .apply {
            end = value.count <= Limits.valueBytes ? try? EndMarker(decoding: value) : nil
            if end == nil {
                return try rejectForeign(
                    message, state, into: builder,
                    FieldError(
                        field: "", code: "malformed_marker", message: "an end marker of ours does not decode"))
            }
        }
        guard decision != .drop else { return }
        touch(progress)
        let step = builder.step(progress)
        guard decision == .apply else {
            hasSeenGap = true
            return progress.passOver(seq)
        }
        switch header.kind {
        case .start: break
        case .end: builder.batch.progress[step].end = end
        case .broken: builder.batch.progress[step].broken = true
        case .record, .raw, .truncated:
            progress.count(bytes: Int64(clamping: header.length).addingSaturated(1))
            // Of an empty list, `[]` is built anew for every message.
            validator.lenient = header.lenient ?? LenientFields(rawValue: 0)
            let updates = header.onDuplicate.updates
            validator.dropsNulls = updates
            if !header.onDuplicate.skips { builder.batch.progress[step].onDuplicate = header.onDuplicate }
            // No push of ours sends more: whoever did must not make us hold or store it whole.
            if value.count > Limits.valueBytes {
                rejectTooLong(header, message, value, step, builder)
                if let fixes = header.fixes { builder.batch.addFixOfReject(fixes, progressIndex: step) }
            } else if case .record = header.kind, validator.validate(value) {
                builder.batch.addRow(
                    person: validator.person, key: validator.key, progressIndex: step, seq: seq,
                    line: Int64(clamping: header.line), byteOffset: Int64(clamping: header.offset),
                    length: Int64(clamping: header.length), kafkaOffset: message.offset,
                    kafkaTime: message.timestamp, wire: value,
                    nulls: updates && !Torture.has(.nullKeeps) ? validator.nulls : NullFields(rawValue: 0))
                if let fixes = header.fixes { builder.batch.addFixOfRow(fixes, progressIndex: step) }
            } else {
                reject(header, message, value, step, builder)
                if let fixes = header.fixes { builder.batch.addFixOfReject(fixes, progressIndex: step) }
            }
        }
        progress.apply(header.kind, seq, value: value)
    }

    private func reject(
        _ header: WireHeader, _ message: some TopicMessage, _ value: Bytes, _ step: Int, _ builder: BatchBuilder
    ) {
        let form: Batch.RejectForm
        let errors: [UInt8]
        switch header.kind {
        case .record:
            form = .json
            errors = FieldError.json(validator.errors)
        case .truncated:
            form = .truncated
            errors = pushErrors(message)
        default:
            form = .raw
            errors = pushErrors(message)
        }
        errors.withUnsafeBufferPointer { list in
            builder.batch.addReject(
                progressIndex: step, seq: Int64(clamping: header.seq), line: Int64(clamping: header.line),
                byteOffset: Int64(clamping: header.offset), length: Int64(clamping: header.length), form: form,
                bytes: value, errors: list, kafkaOffset: message.offset, kafkaTime: message.timestamp)
        }
    }

    private func rejectTooLong(
        _ header: WireHeader, _ message: some TopicMessage, _ value: Bytes, _ step: Int, _ builder: BatchBuilder
    ) {
        withBytes(FieldError.json([tooLong(value)])) { list in
            builder.batch.addReject(
                progressIndex: step, seq: Int64(clamping: header.seq), line: Int64(clamping: header.line),
                byteOffset: Int64(clamping: header.offset),
                // The header may say less than came; what is told as left out is what came.
                length: max(Int64(clamping: header.length), Int64(value.count)), form: .truncated,
                bytes: Bytes(rebasing: value[..<Limits.truncatedBytes]), errors: list, kafkaOffset: message.offset,
                kafkaTime: message.timestamp)
        }
    }

    private func tooLong(_ value: Bytes) -> FieldError {
        FieldError(
            field: "", code: "too_long",
            message: "the message has \(value.count) bytes, at most \(Limits.valueBytes) are allowed")
    }

    /// What push says of a record, if that is a list of errors: it comes from the wire, so it is looked at first.
    private func pushErrors(_ message: some TopicMessage) -> [UInt8] {
        if let errors = message.header(WireHeader.errorsName), FieldError.parse(errors)?.isEmpty == false {
            return Array(errors)
        }
        return FieldError.json([
            FieldError(field: "", code: "unknown", message: "push sent no readable list of errors")
        ])
    }

    // MARK: Messages of other producers: job "-"

    private func takeForeign(_ message: some TopicMessage, _ state: PartitionState, into builder: BatchBuilder) throws {
        let progress = try self.progress(of: .foreign, state)
        let value = message.value ?? Bytes(start: nil, count: 0)
        guard value.count <= Limits.valueBytes else {
            return try rejectForeign(message, state, into: builder, tooLong(value))
        }
        validator.lenient = []
        validator.dropsNulls = false
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
        _ message: some TopicMessage, _ state: PartitionState, into builder: BatchBuilder, _ errors: FieldError...
    ) throws {
        try rejectForeign(message, state, into: builder, errors)
    }

    private func rejectForeign(
        _ message: some TopicMessage, _ state: PartitionState, into builder: BatchBuilder, _ errors: [FieldError]
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
        if let known = state.progress(of: job) { return known }
        let found = try source.progress(of: job, partition: state.partition)
        let loaded = JobProgress(job: job, partition: state.partition, found)
        if let key = found.key, key.fields != keyFields.names || OnDuplicate(rawValue: key.onDuplicate) == nil {
            loaded.otherKey = key
        }
        source.forget(state.remember(loaded))
        return loaded
    }

    @inline(__always)
    private func touch(_ progress: JobProgress) {
        guard !progress.isTouched else { return }
        progress.isTouched = true
        source.touched(progress.job)
    }
}

/// What tells a message at an offset from any other: its value, key, header and timestamp.
func anchorHash(_ message: some TopicMessage) -> UInt64 {
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
