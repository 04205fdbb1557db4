// Errors of every part as one plain sentence and an exit code: the only place that maps them.

import CommandLineOptions
import Kafka
import Log
import Pipeline
import Postgres
import Records

/// What to say of `error`. A broken pipe is no error: its reader has seen enough.
func failure(for error: any Error) -> Failure? {
    switch error {
    case let failure as Failure: failure
    case OutputError.brokenPipe: nil
    case OutputError.failed(let message): Failure(.incomplete, message)
    case let error as UsageError: Failure(.usage, error.message, hint: error.hint)
    case let error as InputError: Failure(.input, error.message)
    case let error as KeyFieldsError: Failure(.configuration, "USERLOAD_UNIQUE_KEY: \(error.message)")
    case let error as ConfigurationError: Failure(.configuration, error.message)
    case let error as PushFailure: failure(for: error)
    case let error as ConfigurationProblem: Failure(.configuration, error.message)
    case let error as KafkaError: failure(for: error)
    case let error as PostgresError: failure(for: error)
    default: Failure(.incomplete, "unexpected error: \(error)")
    }
}

private func failure(for error: PushFailure) -> Failure {
    switch error {
    case .refused(let message), .broken(let message): Failure(.input, message)
    case .kafka(let message), .lost(let message): Failure(.kafka, message)
    case .configuration(let message): Failure(.configuration, message)
    case .interrupted: Failure(.interrupted, "interrupted")
    }
}

private func failure(for error: KafkaError) -> Failure {
    if error.isAuthentication || error.isAuthorization {
        return Failure(
            .configuration, "Kafka refuses us: \(error.message)", hint: "KAFKA_CONFIG is where TLS and SASL are set")
    }
    return Failure(.kafka, "Kafka: \(error.message)")
}

private func failure(for error: PostgresError) -> Failure {
    switch (error.kind, error.sqlstate) {
    case (.interrupted, _): Failure(.interrupted, "interrupted")
    case (_, SQLState.invalidPassword?), (_, SQLState.invalidAuthorization?), (_, SQLState.unknownDatabase?):
        Failure(.postgres, "Postgres refuses us: \(error.message)")
    case (_, SQLState.insufficientPrivilege?):
        Failure(.configuration, "Postgres refuses us: \(error.message)", hint: error.hint)
    case (.connection, _): Failure(.postgres, "no connection to Postgres: \(error.message)")
    default: Failure(.postgres, "Postgres: \(error.description)")
    }
}
