// Errors of every part as one plain sentence and an exit code: the only place that maps them.

import CommandLineOptions
import Files
import Foundation
import Kafka
import Log
import Pipeline
import Postgres
import Records

/// What to say of `error`; nil for a broken pipe, whose reader wants no more.
func failure(for error: any Error) -> Failure? {
    switch error {
    case let failure as Failure: failure
    case OutputError.brokenPipe: nil
    case OutputError.interrupted: Failure(.interrupted, "interrupted")
    case OutputError.failed(let message): Failure(.incomplete, message)
    case let error as UsageError: Failure(.usage, error.message, hint: error.hint)
    case let error as InputError: Failure(.input, error.message)
    case let error as FileError: Failure(.input, error.message)
    case let error as KeyFieldsError: Failure(.configuration, "USERLOAD_UNIQUE_KEY: \(error.message)")
    case let error as ConfigurationError: Failure(.configuration, error.message)
    case let error as PipelineError: Failure(error.kind.exitCode, error.message, hint: error.hint)
    case let error as KafkaError: kafkaFailure(error)
    case let error as PostgresError: postgresFailure(error)
    default: Failure(.incomplete, "unexpected error: \(error)")
    }
}

extension PipelineError.Kind {
    var exitCode: ExitCode {
        switch self {
        case .usage: .usage
        case .refused, .broken: .input
        case .kafka, .lost: .kafka
        case .locked: .locked
        case .postgres: .postgres
        case .configuration: .configuration
        case .incomplete: .incomplete
        case .interrupted: .interrupted
        }
    }
}

private func kafkaFailure(_ error: KafkaError) -> Failure {
    guard let fatal = fatalFailure(error) else { return Failure(.kafka, "Kafka: \(error.message)") }
    return Failure(fatal.kind.exitCode, fatal.message, hint: fatal.hint)
}

private func postgresFailure(_ error: PostgresError) -> Failure {
    if error.kind == .interrupted { return Failure(.interrupted, "interrupted") }
    if let fatal = fatalFailure(error) { return Failure(fatal.kind.exitCode, fatal.message, hint: fatal.hint) }
    if error.kind == .connection {
        return Failure(.postgres, "no connection to Postgres: \(error.firstLine)", hint: error.advice)
    }
    let code = error.sqlstate.map { " (SQLSTATE \($0))" } ?? ""
    return Failure(.postgres, "Postgres: \(error.firstLine)\(code)", hint: error.advice)
}
