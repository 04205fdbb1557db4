// Flags over environment over defaults.

import CommandLineOptions
import Kafka
import Pipeline
import Postgres
import Records
import TestSupport
import Testing

@testable import userload

@Suite struct ConfigurationTests {
    private func context(_ environment: [String: String]) -> Context { Context(environment: environment) }

    private func arguments(_ words: String...) throws -> ParsedArguments {
        let command = CommandDescription("x", summary: "", options: Options.kafka + Options.postgres, examples: [])
        let program = ProgramDescription(name: "userload", summary: "", commands: [command])
        guard case .command(_, let arguments) = try program.parse(["x"] + words) else { throw Failure(.usage, "") }
        return arguments
    }

    @Test func kafkaDefaults() throws {
        let (settings, topic) = try context([:]).kafkaSettings(try arguments())
        #expect(settings.brokers == "127.0.0.1:9092")
        #expect(topic == "users")
    }

    @Test func flagsWinOverTheEnvironment() throws {
        let context = context(["KAFKA_BROKER": "a:1", "KAFKA_TOPIC": "t"])
        let fromEnvironment = try context.kafkaSettings(try arguments())
        #expect(fromEnvironment.settings.brokers == "a:1")
        #expect(fromEnvironment.topic == "t")
        let fromFlags = try context.kafkaSettings(try arguments("-b", "b:2", "-t", "u"))
        #expect(fromFlags.settings.brokers == "b:2")
        #expect(fromFlags.topic == "u")
    }

    @Test(arguments: [
        ("localhost:1", true), ("127.0.0.1:9092,127.1.2.3", true), ("[::1]:9", true), ("localhost", true),
        ("kafka1:9092", false), ("localhost:1,kafka1:9092", false), ("127.0.0.1.evil.com:9", false),
        ("localhost.evil.com", false), ("[::2]:9", false), ("127.evil", false), ("ssl://localhost:1", false),
    ])
    func theTopicHasADefaultOnlyOnLoopback(brokers: String, hasDefault: Bool) throws {
        let context = context(["KAFKA_BROKER": brokers])
        guard !hasDefault else {
            #expect(try context.kafkaSettings(try arguments()).topic == "users")
            return
        }
        let failure = Failure(
            .configuration, "no topic is named for the broker \(brokers)",
            hint: "set KAFKA_TOPIC or write --topic; it has a default (users) only with a broker on loopback")
        #expect(throws: failure) { try context.kafkaSettings(try arguments()) }
    }

    @Test func brokersMayStandInTheFile() throws {
        let directory = try TemporaryDirectory()
        for key in ["bootstrap.servers", "metadata.broker.list"] {
            let file = try directory.write("kafka.conf", "\(key)=localhost:7\n")
            let settings = try context(["KAFKA_CONFIG": file]).kafkaSettings(try arguments()).settings
            #expect(settings.brokers == "")
            #expect(settings.brokerNames == "localhost:7")
        }
        #expect(try context([:]).kafkaSettings(try arguments()).settings.brokerNames == "127.0.0.1:9092")
        #expect(
            try context([:]).kafkaSettings(try arguments("-b", "localhost:8")).settings.brokerNames == "localhost:8")
    }

    @Test func aConfigurationThatCannotBeReadIsNamedWithItsVariable() throws {
        let missing = Failure(.configuration, "KAFKA_CONFIG: /nofile: No such file or directory")
        #expect(throws: missing) { try context(["KAFKA_CONFIG": "/nofile"]).kafkaSettings(try arguments()) }
        let directory = try TemporaryDirectory()
        let file = try directory.write("kafka.conf", "acks\n")
        let malformed = Failure(.configuration, "KAFKA_CONFIG: \(file):1: expected key=value")
        #expect(throws: malformed) { try context(["KAFKA_CONFIG": file]).kafkaSettings(try arguments()) }
    }

    private func database(_ environment: [String: String], _ flag: String? = nil) throws -> [String: String] {
        let target = try context(environment).databaseTarget(flag.map { try arguments("-d", $0) } ?? arguments())
        return Dictionary(uniqueKeysWithValues: target.settings.parameters.map { ($0.keyword, $0.value) })
    }

    private static let variables = [
        "DB_HOST": "h", "DB_PORT": "1", "DB_NAME": "n", "DB_USER": "u", "DB_PASSWORD": "secret",
    ]

    @Test func databaseVariables() throws {
        #expect(try database([:]) == [:])
        #expect(try database(["DB_HOST": "", "DB_NAME": "n"]) == ["dbname": "n"])
        #expect(
            try database(Self.variables)
                == ["host": "h", "port": "1", "dbname": "n", "user": "u", "password": "secret"])
    }

    @Test func aNameReplacesTheName() throws {
        #expect(try database(Self.variables, "crm")["dbname"] == "crm")
        #expect(try database(Self.variables, "crm")["host"] == "h")
        #expect(
            try database(["DATABASE_URL": "postgresql://u@h/n"], "crm")
                == ["user": "u", "host": "h", "dbname": "crm"])
    }

    @Test func aURLReplacesAllButThePassword() throws {
        let url = ["DATABASE_URL": "postgresql://a@b/c"].merging(Self.variables) { $1 }
        #expect(try database(url) == ["user": "a", "host": "b", "dbname": "c", "password": "secret"])
        #expect(
            try database(["DATABASE_URL": "postgresql://a:own@b/c", "DB_PASSWORD": "x"])["password"] == "own")
        #expect(try database(url, "postgresql:///d") == ["dbname": "d", "password": "secret"])
        #expect(try database(url, "host=e dbname=f") == ["host": "e", "dbname": "f", "password": "secret"])
    }

    @Test(arguments: ["postgresql://u:p@h/d", "host=h password=p", "postgresql://h/d?sslpassword=p"])
    func aPasswordOnTheCommandLineIsRefused(flag: String) {
        let failure = Failure(
            .usage, "--database must not hold a password: every user of this machine could read it",
            hint: "put it into DB_PASSWORD, DATABASE_URL or ~/.pgpass")
        #expect(throws: failure) { try database([:], flag) }
    }

    @Test func aBrokenURLIsNotRepeated() {
        #expect(throws: Failure(.configuration, "DATABASE_URL is not a URL that libpq understands")) {
            try database(["DATABASE_URL": "postgresql://u:sec%zz@h/d"])
        }
    }

    @Test func tableAndKey() throws {
        let target = try context(["USERLOAD_TABLE": "crm.people", "USERLOAD_UNIQUE_KEY": "email,age,name"])
            .databaseTarget(try arguments())
        #expect(target.table == TableName(schema: "crm", table: "people"))
        #expect(target.keyFields?.text == "name,age,email")
        #expect(throws: PipelineError.self) {
            try context(["USERLOAD_TABLE": "a.b.c"]).databaseTarget(try arguments())
        }
        #expect(throws: KeyFieldsError.self) {
            try context(["USERLOAD_UNIQUE_KEY": "email"]).databaseTarget(try arguments())
        }
    }
}
