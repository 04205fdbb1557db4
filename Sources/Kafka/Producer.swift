// Sends messages to explicit partitions of one topic: an idempotent producer whose reports arrive where it is polled.

internal import CRdKafka
internal import Glibc

/// The fate of one message. Only `error == nil` with `offset >= 0` means that it is in the log: 2.0.2 can report
/// a message delivered with an offset below 0 although it is not.
package struct DeliveryReport: Sendable {
    /// What `produce` was given.
    package let opaque: UInt
    package let partition: Int32
    /// The message's offset; below 0: none is known.
    package let offset: Int64
    package let error: KafkaErrorCode?

    package var isAcknowledged: Bool { error == nil && offset >= 0 }
}

package enum ProduceResult {
    case queued
    /// The bounded queue has no room: `poll`, then produce the same message again.
    case queueFull
    case failed(KafkaError)
}

/// One thread owns a producer: it alone produces, polls and closes.
package final class Producer {
    private let client: Client
    private var topic: OpaquePointer?
    private let headerName: UnsafePointer<CChar>
    private let errorsHeaderName: UnsafePointer<CChar>

    /// Makes the handle; connects later, on its own threads.
    /// - Parameters:
    ///   - headerNames: the names of `produce`'s two headers.
    ///   - problem: called from `poll`: the broker is away, or authentication failed.
    ///   - report: called from `poll` and, for what has come by then, from `close`; at most once for a message.
    package init(
        _ settings: ClientSettings, topic: String, headerNames: (StaticString, StaticString),
        overrides: [(String, String)] = [], problem: @escaping (KafkaError) -> Void = { _ in },
        report: @escaping (DeliveryReport) -> Void
    ) throws {
        headerName = cString(headerNames.0)
        errorsHeaderName = cString(headerNames.1)
        client = try Client(
            .producer, settings, overrides: overrides,
            configure: { rd_kafka_conf_set_dr_msg_cb($0, producerDidReport) })
        client.context.problem = problem
        client.context.report = report
        guard let topic = rd_kafka_topic_new(client.handle, topic, nil) else {
            throw KafkaError(code: KafkaErrorCode(rd_kafka_last_error()))
        }
        self.topic = topic
        askForProducerID(topic)
    }

    /// Newer libraries connect to brokers they learn of in place of the first one, and then ask for a producer id only
    /// 500 ms after they began (`rd_kafka_idemp_pid_timer_restart`), or when metadata comes: so metadata is asked for.
    private func askForProducerID(_ topic: OpaquePointer) {
        guard rd_kafka_version() >= 0x0203_00FF else { return }
        client.detach { handle in
            for _ in 0..<3 {
                var metadata: UnsafePointer<rd_kafka_metadata>?
                rd_kafka_metadata(handle, 0, topic, &metadata, 300)
                if let metadata { rd_kafka_metadata_destroy(metadata) }
                // For the connection that the answer began.
                usleep(5_000)
            }
        }
    }

    /// Only a safeguard: whoever produced must call `close` and keep the values.
    deinit { _ = close(limit: .zero) }

    /// Queues one message (`rd_kafka_producev`). The value is not copied: it must stay where it is until its report.
    /// Key and headers are copied. A nil header is left out; `errorsHeader` needs `header`.
    package func produce(
        partition: Int32, key: UnsafeBufferPointer<UInt8>?, value: UnsafeBufferPointer<UInt8>,
        header: UnsafeBufferPointer<UInt8>?, errorsHeader: UnsafeBufferPointer<UInt8>? = nil, opaque: UInt
    ) -> ProduceResult {
        guard let topic else { return .failed(KafkaError(code: .state, message: "the producer is closed")) }
        let code = crdkafka_produce(
            client.handle, topic, partition, key?.baseAddress, key?.count ?? 0, value.baseAddress, value.count,
            headerName, header?.baseAddress, header?.count ?? 0,
            errorsHeaderName, errorsHeader?.baseAddress, errorsHeader?.count ?? 0,
            UnsafeMutableRawPointer(bitPattern: opaque))
        switch code {
        case RD_KAFKA_RESP_ERR_NO_ERROR: return .queued
        case RD_KAFKA_RESP_ERR__QUEUE_FULL: return .queueFull
        default: return .failed(client.fatalError ?? KafkaError(code: KafkaErrorCode(code)))
        }
    }

    /// Serves reports and problems on this thread, waiting up to `milliseconds` for the first. Returns how many.
    @discardableResult
    package func poll(milliseconds: Int32) -> Int {
        client.handle.map { Int(rd_kafka_poll($0, milliseconds)) } ?? 0
    }

    /// Ends the producer, with the broker away too: serves the reports that have come, and drops the rest without any.
    /// Idempotent. Returns nil when it has ended within the limit: then every value may be freed. Otherwise the result is
    /// to `keep` the values until it has.
    package func close(limit: Duration = .seconds(1)) -> ClosingClient? {
        guard let handle = client.handle, let topic else { return nil }
        // No wait: at most as many as were produced.
        rd_kafka_poll(handle, 0)
        self.topic = nil
        return client.close(limit: limit) { rd_kafka_topic_destroy(topic) }
    }
}

/// A literal as a C string; literals live as long as the program and end in NUL.
func cString(_ literal: StaticString) -> UnsafePointer<CChar> {
    UnsafeRawPointer(literal.utf8Start).assumingMemoryBound(to: CChar.self)
}
