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
    let isFatal = error.sqlstate.map { ["0A", "28", "3D", "3F", "42"].contains(String($0.classCode)) } ?? false
    guard isFatal || error.kind == .refused else { return nil }
    // libpq's own messages have several lines: what happened, then where to look.
    let lines = error.message.split(separator: "\n").map { $0.drop(while: \.isWhitespace) }
    let more = lines.dropFirst().joined(separator: " ")
    let who = error.sqlstate == nil ? "no connection to Postgres" : "Postgres refuses"
    let code = error.sqlstate.map { " (SQLSTATE \($0))" } ?? ""
    return PipelineError.configuration(
        "\(who): \(lines.first ?? "no reason given")\(code)", hint: error.hint ?? (more.isEmpty ? nil : more))
}

/// One sentence, without its end; it may quote the server, so escape it before a terminal.
package func sentence(_ error: any Error) -> String {
    switch error {
    case let error as KafkaError: error.message
    // libpq's second line is advice for another program.
    default: "\(error)".split(separator: "\n").first.map(String.init) ?? "unknown error"
    }
}
