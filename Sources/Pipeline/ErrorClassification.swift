// Which errors another try does not change, and how each reads in one sentence (Design.md, "Errors of the server").

package import Kafka
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

/// What a client was about to do with a topic.
package enum TopicUse: Sendable { case see, create, write, read }

/// The same, with the topic and the right that is missing where Kafka refuses.
package func fatalFailure(_ error: any Error, topic: String, to use: TopicUse) -> PipelineError? {
    if let error = error as? KafkaError { return fatalFailure(error, topic: topic, to: use) }
    return fatalFailure(error)
}

/// The same for an error of Kafka's, with the topic and the right that is missing.
package func fatalFailure(_ error: KafkaError, topic: String, to use: TopicUse) -> PipelineError? {
    guard error.isAuthorization else { return fatalFailure(error) }
    if error.code == .groupAuthorizationFailed {
        return .configuration("Kafka does not let this user join the consumer group (ACL: READ on the group)")
    }
    switch use {
    case .see: return .configuration("Kafka does not let this user see topic \(topic) (ACL: DESCRIBE on the topic)")
    case .create:
        return .configuration("there is no topic \(topic), and this user may not create it (ACL: CREATE on the topic)")
    case .write:
        // A producer without any such right is told that it is not authorized on the cluster.
        return .configuration(
            "Kafka does not let this user write to topic \(topic) "
                + "(ACL: WRITE on the topic, or IDEMPOTENT_WRITE on the cluster)")
    case .read: return .configuration("Kafka does not let this user read topic \(topic) (ACL: READ on the topic)")
    }
}

private func fatalFailure(_ error: KafkaError) -> PipelineError? {
    if error.code == .interrupted { return .interrupted }
    if error.isAuthentication || error.isAuthorization {
        return .configuration(
            "Kafka refused access: \(error.message)", hint: error.hint ?? "KAFKA_CONFIG is where TLS and SASL are set")
    }
    return error.isFatal ? .kafka("librdkafka gave up: \(error.message)") : nil
}

/// What to stop with once `sentence`, with the error in it, is all that is left to say: settings that contradict the
/// broker's look like a broker that is away.
package func gaveUp(_ error: KafkaError?, _ sentence: String) -> PipelineError {
    error?.suggestsOtherProtocol == true
        ? .configuration(sentence, hint: "KAFKA_CONFIG is where TLS and SASL are set") : .kafka(sentence)
}

private func fatalFailure(_ error: PostgresError) -> PipelineError? {
    // feature not supported, invalid authorization, invalid catalog name, invalid schema name, syntax error or access
    // rule violation
    let isFatal = error.sqlstate.map { ["0A", "28", "3D", "3F", "42"].contains(String($0.classCode)) } ?? false
    guard isFatal || error.kind == .refused else { return nil }
    let who = error.sqlstate == nil ? "no connection to Postgres" : "Postgres refuses"
    let code = error.sqlstate.map { " (SQLSTATE \($0))" } ?? ""
    return PipelineError.configuration("\(who): \(error.firstLine)\(code)", hint: error.advice)
}

/// One sentence, without its end; it may quote the server, so escape it before a terminal.
package func sentence(_ error: any Error) -> String {
    switch error {
    case let error as KafkaError: error.message
    // libpq's second line is advice for another program.
    default: "\(error)".split(separator: "\n").first.map(String.init) ?? "unknown error"
    }
}
