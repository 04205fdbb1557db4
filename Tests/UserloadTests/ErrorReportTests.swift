// Every part's errors: one sentence, one exit code.

import CommandLineOptions
import Kafka
import Pipeline
import Postgres
import Records
import Testing

@testable import userload

@Suite struct ErrorReportTests {
    private static func server(_ code: String, _ message: String, hint: String? = nil) -> PostgresError {
        PostgresError(kind: .server, sqlstate: SQLState(rawValue: code), message: message, hint: hint)
    }

    @Test(
        arguments: [
            (
                ConfigurationError("/etc/k.conf:3: acks=1 contradicts userload"),
                Failure(.configuration, "/etc/k.conf:3: acks=1 contradicts userload")
            ),
            (PipelineError.configuration("upgrade userload"), Failure(.configuration, "upgrade userload")),
            (
                server("42501", "permission denied for table users"),
                Failure(.configuration, "Postgres refuses: permission denied for table users (SQLSTATE 42501)")
            ),
            (
                server("28P01", "password authentication failed"),
                Failure(.configuration, "Postgres refuses: password authentication failed (SQLSTATE 28P01)")
            ),
            (
                server("53100", "no space left on device", hint: "free some"),
                Failure(.postgres, "Postgres: no space left on device (SQLSTATE 53100)", hint: "free some")
            ),
            (
                PostgresError(
                    kind: .connection,
                    message: "connection to server failed: Connection refused\n\tIs the server running?\n"),
                Failure(
                    .postgres, "no connection to Postgres: connection to server failed: Connection refused",
                    hint: "Is the server running?")
            ),
            (
                PostgresError(
                    kind: .refused,
                    message: """
                        connection to server at "db1", port 5432 failed: root certificate file "/r.crt" does not exist
                        Either provide the file or change sslmode to disable server certificate verification.
                        """),
                Failure(
                    .configuration,
                    #"no connection to Postgres: connection to server at "db1", port 5432 failed: root certificate file "/r.crt" does not exist"#,
                    hint: "Either provide the file or change sslmode to disable server certificate verification.")
            ),
            (PostgresError(kind: .interrupted, message: ""), Failure(.interrupted, "interrupted")),
            (
                OutputError.failed("cannot write to standard output: No space left on device"),
                Failure(.incomplete, "cannot write to standard output: No space left on device")
            ),
            (PipelineError.refused("is a directory"), Failure(.input, "is a directory")),
        ] as [(any Error, Failure)])
    func sentences(error: any Error, expected: Failure) { #expect(failure(for: error) == expected) }

    @Test func kafka() {
        let away = KafkaError(code: KafkaErrorCode(rawValue: -195), message: "kafka1:9092: connection refused")
        #expect(failure(for: away) == Failure(.kafka, "Kafka: kafka1:9092: connection refused"))
        let refused = KafkaError(code: KafkaErrorCode(rawValue: -169), message: "SASL authentication failed")
        #expect(failure(for: refused)?.code == .configuration)
    }

    @Test func aReaderThatHasSeenEnoughIsNoError() { #expect(failure(for: OutputError.brokenPipe) == nil) }
}
