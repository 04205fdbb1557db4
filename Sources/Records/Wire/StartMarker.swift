// The message at seq 0 of every partition: all that a database needs to know about a job.

package import FoundationEssentials

/// Describes a job. JSON on the wire; the header row in base64.
package struct StartMarker: Equatable, Sendable {
    package var job: JobID
    /// nil for what is not a regular file.
    package var contentHash: ContentHash?
    package var label: String?
    /// Absolute, or "-".
    package var path: String
    /// Bytes; nil for what is not a regular file.
    package var size: Int64?
    package var host: String
    package var format: Form
    /// CSV only.
    package var delimiter: UInt8?
    /// The header row of a CSV file, without its line end.
    package var header: [UInt8]?
    /// What to type after "userload push" to go on or mend.
    package var options: [String]
    package var keyFields: KeyFields
    package var onDuplicate: OnDuplicate
    package var partitions: Int
    /// Made by `--again`.
    package var again: Bool
    /// The start of the run, the same in all its sessions; whole milliseconds.
    package var runAt: Date
    /// What the input was taken for, as one line.
    package var conclusion: String?
    /// The command that sends it now; nil from an older push.
    package var run: PushRun?

    package init(
        job: JobID, contentHash: ContentHash?, label: String?, path: String, size: Int64?, host: String,
        format: Form, delimiter: UInt8?, header: [UInt8]?, options: [String], keyFields: KeyFields,
        onDuplicate: OnDuplicate, partitions: Int, again: Bool, runAt: Date, conclusion: String? = nil,
        run: PushRun? = nil
    ) {
        self.job = job
        self.contentHash = contentHash
        self.label = label
        self.path = path
        self.size = size
        self.host = host
        self.format = format
        self.delimiter = delimiter
        self.header = header
        self.options = options
        self.keyFields = keyFields
        self.onDuplicate = onDuplicate
        self.partitions = partitions
        self.again = again
        self.runAt = MarkerJSON.wholeMilliseconds(runAt)
        self.conclusion = conclusion
        self.run = run
    }

    package func encode() throws(MarkerError) -> [UInt8] { try MarkerJSON.encode(self) }

    /// Refuses what Postgres could not keep (NUL, text that is not UTF-8) and what is beyond its limits.
    package init(decoding json: Bytes) throws(MarkerError) {
        let marker: StartMarker = try MarkerJSON.decode(json)
        try marker.checkLimits()
        self = marker
    }

    /// What push must not send, because no worker would take it.
    package func checkLimits() throws(MarkerError) {
        guard job != .foreign else { throw MarkerError(message: "a start marker of the job \"-\"") }
        guard (1...1_000_000).contains(partitions), (0...Int64(Limits.wireNumber)).contains(size ?? 0) else {
            throw MarkerError(message: "a start marker with a number out of range")
        }
        guard Self.times.contains(runAt) else { throw MarkerError(message: "a start marker with a time out of range") }
        guard label?.utf8.count ?? 0 <= Limits.labelBytes else {
            throw MarkerError(message: "a start marker with a label longer than \(Limits.labelBytes) bytes")
        }
        guard host.utf8.count <= Limits.labelBytes * 2, header?.count ?? 0 <= 2 * Limits.headerRowBytes else {
            throw MarkerError(message: "a start marker with a host or a header that is too long")
        }
        try Self.checkDescription(path: path, options: options, conclusion: conclusion)
        try run?.checkLimits()
    }

    /// What is known of a job before it has an id.
    package static func checkDescription(path: String, options: [String], conclusion: String?) throws(MarkerError) {
        guard options.reduce(path.utf8.count, { $0 + $1.utf8.count }) <= Limits.descriptionBytes else {
            throw MarkerError(
                message: "a start marker with a path and options longer than \(Limits.descriptionBytes) bytes together")
        }
        guard conclusion?.utf8.count ?? 0 <= Limits.descriptionBytes else {
            throw MarkerError(message: "a start marker with a conclusion longer than \(Limits.descriptionBytes) bytes")
        }
    }

    /// The years 1970 to 9999.
    static let times = Date(timeIntervalSince1970: 0)..<Date(timeIntervalSince1970: 253_402_300_800)
}

extension StartMarker: Codable {
    private enum CodingKeys: String, CodingKey {
        case job, contentHash, label, path, size, host, format, delimiter, header, options, keyFields, onDuplicate
        case partitions, again, runAt, conclusion, run
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            job: try values.decode(JobID.self, forKey: .job),
            contentHash: try values.decodeIfPresent(ContentHash.self, forKey: .contentHash),
            label: try values.decodeIfPresent(String.self, forKey: .label),
            path: try values.decode(String.self, forKey: .path),
            size: try values.decodeIfPresent(Int64.self, forKey: .size),
            host: try values.decode(String.self, forKey: .host),
            format: try values.decode(Form.self, forKey: .format),
            delimiter: try values.decodeIfPresent(UInt8.self, forKey: .delimiter),
            header: try values.decodeIfPresent(Data.self, forKey: .header).map { Array($0) },
            options: try values.decode([String].self, forKey: .options),
            keyFields: try values.decode(KeyFields.self, forKey: .keyFields),
            onDuplicate: try values.decode(OnDuplicate.self, forKey: .onDuplicate),
            partitions: try values.decode(Int.self, forKey: .partitions),
            again: try values.decode(Bool.self, forKey: .again),
            runAt: try values.decode(Date.self, forKey: .runAt),
            conclusion: try values.decodeIfPresent(String.self, forKey: .conclusion),
            run: try values.decodeIfPresent(PushRun.self, forKey: .run))
    }

    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(job, forKey: .job)
        try values.encodeIfPresent(contentHash, forKey: .contentHash)
        try values.encodeIfPresent(label, forKey: .label)
        try values.encode(path, forKey: .path)
        try values.encodeIfPresent(size, forKey: .size)
        try values.encode(host, forKey: .host)
        try values.encode(format, forKey: .format)
        try values.encodeIfPresent(delimiter, forKey: .delimiter)
        try values.encodeIfPresent(header.map { Data($0) }, forKey: .header)
        try values.encode(options, forKey: .options)
        try values.encode(keyFields, forKey: .keyFields)
        try values.encode(onDuplicate, forKey: .onDuplicate)
        try values.encode(partitions, forKey: .partitions)
        try values.encode(again, forKey: .again)
        try values.encode(runAt, forKey: .runAt)
        try values.encodeIfPresent(conclusion, forKey: .conclusion)
        try values.encodeIfPresent(run, forKey: .run)
    }
}
