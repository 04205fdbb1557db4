// Which errors another try will not mend, and how each reads in one sentence (DESIGN, "Errors of the server").

import Kafka
import Postgres

/// What to stop with, or nil for an error that passes: then try again.
package func fatalFailure(_ error: any Error) -> WorkFailure? {
    switch error {
    case let error as WorkFailure: error
    case let error as ConfigurationProblem: WorkFailure(.configuration, error.message)
    case let error as ConfigurationError: WorkFailure(.configuration, "\(error)")
    case let error as KafkaError: fatalFailure(error)
    case let error as PostgresError: fatalFailure(error)
    default: nil
    }
}

private func fatalFailure(_ error: KafkaError) -> WorkFailure? {
    guard error.isAuthentication || error.isAuthorization || error.isFatal else { return nil }
    return WorkFailure(.kafka, "Kafka refused us: \(error.message)")
}

private func fatalFailure(_ error: PostgresError) -> WorkFailure? {
    switch error.sqlstate?.rawValue.prefix(2) {
    // invalid authorization, invalid catalog name
    case "28", "3D": WorkFailure(.postgres, "Postgres refused us: \(error)")
    // feature not supported, invalid schema name, syntax error or access rule violation
    case "0A", "3F", "42": WorkFailure(.configuration, "the database is not as userload needs it: \(error)")
    default: nil
    }
}

/// One sentence, without its end; it may quote the server, so escape it before a terminal.
package func sentence(_ error: any Error) -> String {
    switch error {
    case let error as KafkaError: error.message
    default: "\(error)"
    }
}
