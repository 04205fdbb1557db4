// A worker in this process, between a mock broker that tests fill message by message and a database of their own.

import FoundationEssentials
import Kafka
import Pipeline
import Postgres
import Records
import Synchronization
import TestSupport
import Testing

final class WorkerFixture {
    static let topic = "users"

    let broker: DevBroker
    let database: MigratedDatabase
    private var offsets: [Int32: Int64] = [:]
    /// As of a KAFKA_CONFIG for the workers.
    var workerEntries: [ConfigurationEntry] = []

    init(partitions: Int = 1) throws {
        broker = try DevBroker(topic: Self.topic, partitions: partitions)
        database = try MigratedDatabase()
    }

    var settings: ClientSettings { ClientSettings(brokers: broker.bootstrapServers) }

    struct Sent {
        var partition: Int32 = 0
        /// nil: of another producer.
        var header: WireHeader?
        var value: String
    }

    /// All in one batch, which unpacks to some megabytes.
    static let oneBatch = [
        ("compression.codec", "zstd"), ("linger.ms", "1000"), ("message.max.bytes", "20000000"),
        ("batch.size", "20000000"),
    ]

    /// Sends messages in this order and waits for every report.
    func send(_ messages: [Sent], overrides: [(String, String)] = []) throws {
        let values = messages.map { Array($0.value.utf8) }
        var acknowledged = 0
        let producer = try Producer(
            settings, topic: Self.topic, headerNames: (WireHeader.name, WireHeader.errorsName),
            overrides: overrides,
            report: { if $0.isAcknowledged { acknowledged += 1 } })
        defer { _ = producer.close() }
        // Values are not copied by the producer.
        try withExtendedLifetime(values) {
            for (number, message) in messages.enumerated() {
                let header = message.header.map { header in
                    [UInt8](unsafeUninitializedCapacity: WireHeader.maximumSize) { buffer, count in
                        count = header.encode(to: buffer.baseAddress!)
                    }
                }
                while true {
                    let result = values[number].withUnsafeBufferPointer { value in
                        if let header {
                            header.withUnsafeBufferPointer {
                                producer.produce(
                                    partition: message.partition, key: nil, value: value, header: $0, opaque: 0)
                            }
                        } else {
                            producer.produce(
                                partition: message.partition, key: nil, value: value, header: nil, opaque: 0)
                        }
                    }
                    if case .queueFull = result {
                        producer.poll(milliseconds: 50)
                        continue
                    }
                    guard case .queued = result else { throw TestSupportError("not queued: \(result)") }
                    break
                }
            }
            let end = ContinuousClock.now + .seconds(60)
            while acknowledged < messages.count, ContinuousClock.now < end { producer.poll(milliseconds: 50) }
        }
        try #require(acknowledged == messages.count)
    }

    /// A whole job of these records in partition 0.
    static func job(_ job: JobID, _ records: [String], key: KeyFields = .standard, partitions: Int = 1) -> [Sent] {
        let marker = StartMarker(
            job: job, contentHash: nil, label: nil, path: "/data/a.jsonl", size: nil, host: "h", format: .jsonl,
            delimiter: nil, header: nil, options: ["/data/a.jsonl"], keyFields: key, onDuplicate: .skip,
            partitions: partitions, again: false, runAt: Date(timeIntervalSince1970: 1_790_000_000))
        var digest: UInt64 = 0
        var messages = [
            Sent(
                header: WireHeader(kind: .start, job: job, seq: 0),
                value: String(decoding: try! marker.encode(), as: UTF8.self))
        ]
        for (number, record) in records.enumerated() {
            Array(record.utf8).withUnsafeBufferPointer { digest = Digest.extend(digest, $0) }
            messages.append(
                Sent(
                    header: WireHeader(
                        kind: .record, job: job, seq: UInt64(number + 1), line: UInt64(number + 1), offset: 0,
                        length: UInt64(record.utf8.count)),
                    value: record))
        }
        let count = UInt64(records.count)
        let end = EndMarker(lastSeq: count, records: count, digest: digest)
        messages.append(
            Sent(
                header: WireHeader(kind: .end, job: job, seq: count + 1),
                value: String(decoding: try! end.encode(), as: UTF8.self)))
        return messages
    }

    static func person(_ number: Int) -> String { "{\"name\":\"Person \(number)\",\"age\":\(number % 100)}" }

    /// Runs a worker until everything in the topic is in the database.
    func drain(stallTimeout: Duration = .seconds(60)) throws -> (summary: WorkSummary, events: [WorkEvent]) {
        let (result, events) = ended(stallTimeout)
        return (try result.get(), events)
    }

    /// The same, expected to end with an error.
    func stalledDrain(stallTimeout: Duration) -> (error: PipelineError?, events: [WorkEvent]) {
        let (result, events) = ended(stallTimeout)
        guard case .failure(let error) = result else { return (nil, events) }
        return (error, events)
    }

    private func ended(_ stallTimeout: Duration) -> (Result<WorkSummary, PipelineError>, events: [WorkEvent]) {
        var kafka = settings
        kafka.entries = workerEntries
        var options = WorkOptions(
            kafka: kafka, topic: Self.topic,
            database: DatabaseTarget(settings: .init(parameters: database.database.parameters)))
        options.purpose = .drain
        options.stallTimeout = stallTimeout
        let events = Mutex<[WorkEvent]>([])
        let worker = Worker(options, interrupt: Interrupt()) { event in events.withLock { $0.append(event) } }
        let result = Result { () throws(PipelineError) in try worker.run() }
        return (result, events.withLock { $0 })
    }

    func changeKey(_ text: String) throws {
        let key = try KeyFields(parsing: text)
        _ = try Migrator.migrate(
            database.connection, DatabaseTarget(settings: .init(), keyFields: key), changesKey: true)
    }
}
