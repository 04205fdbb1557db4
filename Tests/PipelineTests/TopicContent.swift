// What a topic holds, read as a worker reads it, for the tests of push.

import Foundation
import Kafka
import Pipeline
import Records
import Testing

/// Every message of a topic in the order of its partitions' logs.
final class TopicContent: ConsumerHandler {
    struct Message {
        let partition: Int32
        let header: WireHeader?
        let errors: [UInt8]?
        let value: [UInt8]
    }

    private(set) var messages: [Message] = []
    private let partitions: Int
    private var starts: [Int64] = []

    init(_ settings: ClientSettings, topic: String) throws {
        let admin = try Admin(settings)
        partitions = try #require(try admin.partitions(of: topic))
        admin.close()
        let reader = try Reader(settings, topic: topic, header: WireHeader.name)
        defer { reader.close() }
        var missing: [Int32: Int64] = [:]
        for partition in 0..<Int32(partitions) {
            let marks = try reader.watermarks(partition: partition, timeout: .seconds(10))
            starts.append(marks.low)
            if marks.high > marks.low { missing[partition] = marks.high }
        }
        let consumer = try Consumer(settings, group: "content-\(UInt64.random(in: 0...UInt64.max))", handler: self)
        defer { consumer.close() }
        try consumer.subscribe(topic)
        let end = ContinuousClock.now + .seconds(60)
        while !missing.isEmpty, ContinuousClock.now < end {
            _ = try consumer.poll(maximum: 1000, milliseconds: 100) { event in
                switch event {
                case .message(let message):
                    messages.append(
                        Message(
                            partition: message.partition, header: Self.decode(message.header(WireHeader.name)),
                            errors: message.header(WireHeader.errorsName).map(Array.init),
                            value: message.value.map(Array.init) ?? []))
                    if message.offset + 1 >= missing[message.partition] ?? 0 { missing[message.partition] = nil }
                case .endOfPartition(let partition, let offset):
                    if offset >= missing[partition] ?? 0 { missing[partition] = nil }
                case .failed: break
                }
            }
        }
        try #require(missing.isEmpty, "the topic could not be read to its end")
    }

    func assigned(_ partitions: [Int32], by consumer: Consumer) {
        try? consumer.assign(partitions.map { ($0, starts[Int($0)]) })
    }

    func revoked(_ partitions: [Int32], lost: Bool, by consumer: Consumer) { try? consumer.unassign() }

    func failed(_ error: KafkaError) {}

    private static func decode(_ bytes: Bytes?) -> WireHeader? {
        guard let bytes, case .header(let header) = WireHeader.decode(bytes) else { return nil }
        return header
    }

    func kinds(of job: JobID) -> [MessageKind: Int] {
        messages.compactMap(\.header).filter { $0.job == job }.reduce(into: [:]) { $0[$1.kind, default: 0] += 1 }
    }

    func starts(of job: JobID) throws -> [StartMarker] {
        try messages.filter { $0.header?.job == job && $0.header?.kind == .start }.map { message in
            try withBytes(message.value) { try StartMarker(decoding: $0) }
        }
    }

    /// The values a worker applies that takes each partition's last + 1 only; every partition must come to its end
    /// marker, with the digest of what was applied.
    func applied(_ job: JobID) throws -> [String] {
        var values: [String] = []
        for partition in 0..<Int32(partitions) {
            var last: Int64 = -1
            var digest: UInt64 = 0
            var end: EndMarker?
            for message in messages where message.partition == partition {
                guard let header = message.header, header.job == job, header.kind != .broken,
                    Int64(header.seq) == last + 1
                else { continue }
                last += 1
                try message.value.withUnsafeBufferPointer { value in
                    switch header.kind {
                    case .record, .raw, .truncated:
                        digest = Digest.extend(digest, value)
                        values.append(String(decoding: value, as: UTF8.self))
                    case .end: end = try EndMarker(decoding: value)
                    case .start, .broken: break
                    }
                }
            }
            #expect(end?.lastSeq == UInt64(max(0, last - 1)), "partition \(partition) has a gap after \(last)")
            #expect(end?.digest == digest)
        }
        return values
    }
}
