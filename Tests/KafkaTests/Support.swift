// What the Kafka tests share: a member of a group that notes everything, sending a few messages, and waiting.

import Foundation
import Kafka
import Testing

/// A name that no other test uses.
func unique(_ prefix: String) -> String { "\(prefix)-\(UInt64.random(in: 0...UInt64.max))" }

/// Calls `step` until `condition` holds; fails the test, and throws, when it does not within `limit`.
func wait(
    for what: String, limit: Duration = .seconds(60), until condition: () -> Bool, step: () throws -> Void
) throws {
    let end = ContinuousClock.now + limit
    while !condition() {
        guard ContinuousClock.now < end else { throw WaitedTooLong(what: what) }
        try step()
    }
}

func write(_ text: String, to path: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
}

/// The code of the Kafka error that `body` throws; nil: none.
func code(of body: () throws -> Void) throws -> KafkaErrorCode? {
    do { try body() } catch let error as KafkaError { return error.code }
    return nil
}

struct WaitedTooLong: Error { let what: String }

/// A consumer with a handler that assigns what it is given from `start`, and notes everything.
final class Member: ConsumerHandler {
    struct Seen: Equatable {
        var partition: Int32
        var offset: Int64
        var value: String
    }

    var consumer: Consumer!
    var start: Int64 = 0
    /// What to do in place of assigning everything from `start`.
    var onAssign: (([Int32], Consumer) -> Void)?
    var onProblem: ((Consumer) -> Void)?
    var assigned: [[Int32]] = []
    var revoked: [(partitions: [Int32], lost: Bool)] = []
    var problems: [KafkaError] = []
    var messages: [Seen] = []
    var ends: [Int32: Int64] = [:]
    var failures: [(partition: Int32?, error: KafkaError)] = []

    init(_ settings: ClientSettings, group: String = unique("group"), overrides: [(String, String)] = []) throws {
        consumer = try Consumer(settings, group: group, overrides: overrides, handler: self)
    }

    func assigned(_ partitions: [Int32], by consumer: Consumer) {
        assigned.append(partitions)
        if let onAssign { return onAssign(partitions, consumer) }
        try? consumer.assign(partitions.map { (partition: $0, offset: start) })
    }

    func revoked(_ partitions: [Int32], lost: Bool, by consumer: Consumer) {
        revoked.append((partitions: partitions, lost: lost))
    }

    func failed(_ error: KafkaError) {
        problems.append(error)
        onProblem?(consumer)
    }

    func poll(maximum: Int = 100, milliseconds: Int32 = 50) throws {
        _ = try consumer.poll(maximum: maximum, milliseconds: milliseconds) { event in
            switch event {
            case .message(let message):
                messages.append(
                    Seen(
                        partition: message.partition, offset: message.offset,
                        value: String(decoding: message.value ?? .init(start: nil, count: 0), as: UTF8.self)))
            case .endOfPartition(let partition, let offset): ends[partition] = offset
            case .failed(let partition, let error): failures.append((partition: partition, error: error))
            }
        }
    }
}

/// Values for a producer: bytes that stay where they are until the end of the test.
final class Sender {
    let producer: Producer
    private let values = Values()
    private var queued = 0
    let notes: Notes

    final class Notes {
        var reports: [DeliveryReport] = []
        var problems: [KafkaError] = []
    }

    init(_ settings: ClientSettings, topic: String, overrides: [(String, String)] = []) throws {
        let notes = Notes()
        self.notes = notes
        producer = try Producer(
            settings, topic: topic, headerNames: ("userload", "userload-errors"), overrides: overrides,
            problem: { notes.problems.append($0) }, report: { notes.reports.append($0) })
    }

    deinit { close() }

    func close() { producer.close()?.keep(values) }

    private final class Values {
        var all: [UnsafeMutableBufferPointer<UInt8>] = []

        deinit { for value in all { value.deallocate() } }
    }

    @discardableResult
    func produce(
        _ value: String, partition: Int32 = 0, key: String? = nil, header: String? = nil, errors: String? = nil
    ) -> ProduceResult {
        let bytes = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: value.utf8.count)
        _ = bytes.initialize(from: value.utf8)
        values.all.append(bytes)
        let result = withBytes(key) { key in
            withBytes(header) { header in
                withBytes(errors) { errors in
                    producer.produce(
                        partition: partition, key: key, value: UnsafeBufferPointer(bytes), header: header,
                        errorsHeader: errors, opaque: UInt(values.all.count))
                }
            }
        }
        if case .queued = result { queued += 1 }
        return result
    }

    /// Waits until every message has its report.
    func flush() throws -> [DeliveryReport] {
        try wait(
            for: "delivery reports", until: { notes.reports.count >= queued },
            step: { producer.poll(milliseconds: 20) })
        return notes.reports
    }

    private func withBytes<R>(_ text: String?, _ body: (UnsafeBufferPointer<UInt8>?) -> R) -> R {
        guard let text else { return body(nil) }
        return Array(text.utf8).withUnsafeBufferPointer { body($0) }
    }
}
