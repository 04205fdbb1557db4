// The push command against librdkafka's mock cluster: names that are not UTF-8, a full standard output, a settings file.

import Foundation
import Kafka
import Log
import TestSupport
import Testing

@Suite(.waiting) struct PushCommandTests {
    private let directory: TemporaryDirectory
    private let broker: DevBroker

    init() throws {
        directory = try TemporaryDirectory()
        broker = try DevBroker(topic: "users", partitions: 2)
    }

    /// A shell's command line with the program as `$0`.
    private func shell(_ script: String, _ more: [String: String] = [:]) throws -> ChildProcess.Result {
        try ChildProcess(
            "/bin/sh", ["-c", script, Userload.binary],
            environment: [
                "KAFKA_BROKER": broker.bootstrapServers, "KAFKA_TOPIC": "users", "PATH": "/usr/bin:/bin",
                "USERLOAD_STATE_DIR": directory.path("state"), "SWIFT_BACKTRACE": "enable=no",
            ].merging(more) { $1 }, directory: directory.path
        ).wait()
    }

    @Test func aNameThatIsNotUTF8IsOpenedAndShownEscaped() throws {
        let result = try shell(
            """
            name=$(printf 'caf\\351.csv'); printf 'name,age\\nAnn,30\\n' > "$name" || exit 99
            "$0" push "$name"
            """)
        #expect(result.code == 0, "\(result)")
        #expect(result.stderr.contains("caf\\xE9.csv  "), "\(result)")
        let missing = try shell(#""$0" push "$(printf 'gone\351.csv')""#)
        #expect(
            missing.code == 5 && missing.stderr.contains("gone\\xE9.csv  -         refused: no such file"), "\(missing)"
        )
    }

    @Test func aFullStandardOutputFailsTheCommandAndNotThePush() throws {
        try directory.write("a.csv", "name,age\nAnn,30\n")
        let result = try shell(#""$0" push a.csv >/dev/full"#)
        #expect(result.code == 3, "\(result)")
        #expect(
            result.stderr.contains("error: cannot write to standard output: No space left on device\n"), "\(result)")
        #expect(result.stderr.contains("1 record"), "\(result)")
        let second = try shell(#""$0" push a.csv"#)
        #expect(second.code == 0 && second.stderr.contains("already pushed"), "\(second)")
    }

    /// Nobody listens there: the topic is asked for until the stall timeout.
    @Test func sigtermEndsAPushThatWaitsForItsTopic() throws {
        try directory.write("a.csv", "name,age\nAnn,30\n")
        let child = try ChildProcess(
            Userload.binary, ["push", directory.path("a.csv")],
            environment: [
                "KAFKA_BROKER": "127.0.0.1:1", "KAFKA_TOPIC": "users", "SWIFT_BACKTRACE": "enable=no",
                "USERLOAD_STATE_DIR": directory.path("state"),
            ])
        try child.wait(for: "Kafka does not answer", on: .stderr)
        child.send(SIGTERM)
        let result = try child.wait()
        #expect(result.code == 130 && result.stdout == "-\n", "\(result)")
    }

    @Test func aSettingsFileThatIsNotThereIsNamed() throws {
        try directory.write("a.csv", "name,age\nAnn,30\n")
        let result = try shell(#""$0" push a.csv"#, ["KAFKA_CONFIG": "/nofile"])
        #expect(result.code == 8, "\(result)")
        #expect(result.stderr.contains("KAFKA_CONFIG: /nofile: No such file or directory"), "\(result)")
    }

    /// What librdkafka finds out only when a client is made.
    @Test func aSettingsFileThatNamesAMissingFileIsConfiguration() throws {
        try directory.write("a.csv", "name,age\nAnn,30\n")
        let config = try directory.write("kafka.conf", "security.protocol=SSL\nssl.ca.location=/nofile\n")
        let result = try shell(#""$0" push a.csv"#, ["KAFKA_CONFIG": config])
        #expect(result.code == 8 && result.stderr.contains("\(config): ssl.ca.location failed"), "\(result)")
    }
}
