// librdkafka's mock cluster keeps 5 MB a partition and drops the oldest without a word: what it could not keep is counted
// before it is sent, a file's in a pass of its own.

import Records

struct MockLimit {
    /// Bytes of messages a partition, all told; the mock's batches have headers of their own.
    private static let bytes = 4 << 20
    /// What a message adds to its key, value and headers.
    private static let overhead = 64
    private static let sentence = """
        more than the dev-broker keeps (4 MiB a partition); a real Kafka takes it: \
        KAFKA_HOME=/path/to/kafka ./run.local.sh, and https://kafka.apache.org/downloads has one
        """

    private var sizes: [Int]

    init(partitions: Int) { sizes = Array(repeating: 0, count: partitions) }

    /// False: too much for its partition.
    mutating func takes(_ message: WindowMessage) -> Bool {
        let bytes =
            message.value.count + (message.key?.count ?? 0) + message.header.count + (message.errors?.count ?? 0)
        sizes[Int(message.partition)] += bytes + Self.overhead
        return sizes[Int(message.partition)] <= Self.bytes
    }

    /// Of a stream, found out while it is sent.
    static var streamFailure: PipelineError { .broken(sentence) }

    /// Reads the file once more, as it will be sent.
    static func check(_ input: JobInput, partitions: Int) throws(PipelineError) {
        var limit = MockLimit(partitions: partitions)
        let window = SendWindow(partitions: partitions)
        do {
            while try input.next(into: window) {
                guard limit.takes(window[window.first]) else { throw PipelineError.refused(sentence) }
                window.removeAll()
            }
        } catch let failure as PipelineError {
            throw failure
        } catch {
            throw .refused("\(error)")
        }
    }
}
