// Which errors another try will not mend, and how each reads in one sentence (DESIGN, "Errors of the server").

import Kafka
import Postgres

/// What to stop with, or nil for an error that passes: then try again.
package func fatalFailure(_ error: any Error) -> PipelineError? {
    switch error {
    case let error as PipelineError: error
    case let error as ConfigurationError: PipelineError.configuration("\(error)")
    case let error as KafkaError: fatalFailure(error)
    case let error as PostgresError: fatalFailure(error)
    default: nil
    }
}

private func fatalFailure(_ error: KafkaError) -> PipelineError? {
    if error.isAuthentication || error.isAuthorization {
        return PipelineError.configuration("Kafka refuses us: \(error.message)")
    }
    return error.isFatal ? PipelineError.kafka("librdkafka gave up: \(error.message)") : nil
}

private func fatalFailure(_ error: PostgresError) -> PipelineError? {
    // feature not supported, invalid authorization, invalid catalog name, invalid schema name, syntax error or access
    // rule violation
    guard let sqlstate = error.sqlstate, ["0A", "28", "3D", "3F", "42"].contains(String(sqlstate.classCode)) else {
        return nil
    }
    return PipelineError.configuration("Postgres refuses: \(error)")
}

/// One sentence, without its end; it may quote the server, so escape it before a terminal.
package func sentence(_ error: any Error) -> String {
    switch error {
    case let error as KafkaError: error.message
    // libpq's second line is advice for another program.
    default: "\(error)".split(separator: "\n").first.map(String.init) ?? "unknown error"
    }
}
