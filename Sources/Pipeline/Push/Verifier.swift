// Looks into the topic whether our messages stand where the journal, or this run, says they do.

package import Kafka
package import Records

/// One thread owns a verifier; its readers are made when they are first needed, and kept.
package final class Verifier {
    private let settings: ClientSettings
    private let topic: String
    private let isCancelled: () -> Bool
    /// For a few messages of each partition.
    private var reader: Reader?
    /// For many, which lie close together.
    private var scanner: Reader?

    /// - Parameter isCancelled: looked at about every second of a wait; true ends it.
    package init(_ settings: ClientSettings, topic: String, isCancelled: @escaping () -> Bool) {
        self.settings = settings
        self.topic = topic
        self.isCancelled = isCancelled
    }

    /// Reads every place, all at once. Throws `KafkaError` when there was no answer, `PipelineError.interrupted`, or
    /// `ConfigurationError`.
    /// - Parameter jobs: by number.
    package func look(
        at places: [LogPlace], jobs: [JobID], timeout: Duration
    ) throws -> ProducerSession.LogEvidence {
        if isCancelled() { throw PipelineError.interrupted }
        if Torture.has(.otherLogBelieved) { return .believed }
        var expired: Set<Int> = []
        do {
            let offsets = places.map { (partition: Int32($0.partition), offset: $0.position.offset) }
            for (result, wanted) in zip(try reader(of: places).read(offsets, timeout: timeout), places) {
                switch result {
                case .message(let message):
                    guard Self.isOurs(message.header, jobs[wanted.job], wanted.position.seq) else { return .another }
                case .absent, .unreadable: return .another
                case .belowStart: expired.insert(wanted.lane)
                }
            }
        } catch KafkaErrorCode.topicAuthorizationFailed {
            return .unreadable
        } catch let error as KafkaError {
            // What it knows of the cluster may be why.
            close()
            if error.code == .interrupted { throw PipelineError.interrupted }
            throw error
        }
        return expired.isEmpty ? .believed : .expired(expired.sorted())
    }

    /// Whether the log of some partition no longer begins at 0.
    package func hasDropped(partitions: Int, timeout: Duration) throws -> Bool {
        try open().watermarks(of: Array(0..<Int32(partitions)), timeout: timeout).contains { $0.low > 0 }
    }

    /// Ahead of the first look; a failure is that look's.
    func connect() { _ = try? open() }

    package func close() {
        reader?.close()
        reader = nil
        scanner?.close()
        scanner = nil
    }

    private func reader(of places: [LogPlace]) throws -> Reader {
        if places.count <= 2 * Set(places.map(\.partition)).count { return try open() }
        if let scanner { return scanner }
        let made = try make(readsMany: true)
        scanner = made
        return made
    }

    private func open() throws -> Reader {
        if let reader { return reader }
        let made = try make(readsMany: false)
        reader = made
        return made
    }

    private func make(readsMany: Bool) throws -> Reader {
        // Our messages are in no transaction; a foreign one that stays open must not hide them.
        try Reader(
            settings, topic: topic, header: WireHeader.name, readsMany: readsMany,
            overrides: [("isolation.level", "read_uncommitted")], isCancelled: isCancelled)
    }

    private static func isOurs(_ header: [UInt8]?, _ job: JobID, _ seq: UInt64) -> Bool {
        guard let header else { return false }
        return withBytes(header) { bytes in
            switch WireHeader.decode(bytes) {
            case .header(let header): header.job == job && header.seq == seq
            case .newer(_, let foundJob, let foundSeq): foundJob == job && foundSeq == seq
            case .malformed: false
            }
        }
    }
}
