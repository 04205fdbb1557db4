// What holds for as long as one session of a worker.

import Postgres

/// Found at its start; another schema, key or topic begins another session.
struct SessionFacts: Sendable {
    let info: DatabaseInfo
    let topic: String
    /// Kafka's cluster id.
    let cluster: String
    /// One group a database, so that nobody on the same broker takes its partitions.
    let group: String
    /// The topic's partitions at the start; some may come or go.
    let partitions: Int32
    /// How sentences call the database, such as "crm on db2 as etl".
    let databaseName: String

    static func group(of info: DatabaseInfo, topic: String, _ connection: Connection) throws -> String {
        "userload-\(try info.identity(connection))-\(topic)"
    }
}

/// Why a session ended.
enum SessionEnd: Equatable {
    /// It was told to.
    case interrupted
    /// The drain's aim is reached.
    case drained
    /// Schema or key are other ones: begin again.
    case schemaChanged
    /// A call into librdkafka has not returned in time: its client is of no use any more.
    case clientStuck
    case failed(PipelineError)

    var isFailure: Bool { if case .failed = self { true } else { false } }
}
