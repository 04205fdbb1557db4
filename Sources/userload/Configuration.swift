// Flags over environment over defaults: where Kafka is, which database, where the journal lies.

import CommandLineOptions
import Kafka
import Log
import Pipeline
import Postgres
import Records

extension Context {
    /// Brokers with the user's librdkafka settings (KAFKA_CONFIG), and the topic.
    /// - Throws: `Failure` (configuration) or Kafka's `ConfigurationError`, which names file and line.
    func kafkaSettings(_ arguments: ParsedArguments) throws -> (settings: ClientSettings, topic: String) {
        let file = environment["KAFKA_CONFIG"]
        let entries: [ConfigurationEntry]
        do {
            entries = try file.map { path in try ConfigurationFile.parse(path) } ?? []
        } catch let error as ConfigurationError {
            throw ConfigurationError("KAFKA_CONFIG: \(error.message)")
        }
        let inFile = entries.last { ["bootstrap.servers", "metadata.broker.list"].contains($0.key) }?.value
        let named = arguments[Options.broker] ?? environment["KAFKA_BROKER"]
        let logger = logger
        let settings = ClientSettings(
            brokers: named ?? (inFile == nil ? Defaults.broker : ""), entries: entries, file: file,
            log: { logger.debug("librdkafka: \($0.text)") })
        try settings.check()
        if let topic = arguments[Options.topic] ?? environment["KAFKA_TOPIC"] { return (settings, topic) }
        let brokers = named ?? inFile ?? Defaults.broker
        guard isLoopback(brokers: brokers) else {
            throw Failure(
                .configuration, "no topic is named for the broker \(brokers)",
                hint:
                    "set KAFKA_TOPIC or write --topic; it has a default (\(Defaults.topic)) only with a broker on loopback"
            )
        }
        return (settings, Defaults.topic)
    }

    /// - Throws: `Failure`: usage for what is wrong in `-d`, configuration for the rest.
    func databaseTarget(_ arguments: ParsedArguments) throws -> DatabaseTarget {
        let parameters = try databaseParameters(arguments[Options.database])
        return DatabaseTarget(
            settings: DatabaseSettings(parameters: parameters),
            table: try environment["USERLOAD_TABLE"].map { text in try TableName(parsing: text) },
            keyFields: try uniqueKey())
    }

    /// USERLOAD_UNIQUE_KEY, which push reads too; nil when it is not set.
    func uniqueKey() throws(KeyFieldsError) -> KeyFields? {
        guard let text = environment["USERLOAD_UNIQUE_KEY"] else { return nil }
        return try KeyFields(parsing: text)
    }

    /// What `-d`, DATABASE_URL and DB_* say; libpq adds PG*, passfile and service file itself. A URL stands for
    /// the whole way to a database, so nothing of a lesser rank is mixed into it, but for a password it must not
    /// or does not have.
    private func databaseParameters(_ flag: String?) throws -> [DatabaseSettings.Entry] {
        var entries: [DatabaseSettings.Entry]
        if let flag, isConninfo(flag) {
            entries = try flagParts(flag)
        } else {
            if let url = environment["DATABASE_URL"] {
                entries = try urlParts(url)
            } else {
                entries = [("host", "DB_HOST"), ("port", "DB_PORT"), ("dbname", "DB_NAME"), ("user", "DB_USER")]
                    .compactMap { keyword, variable in environment[variable].map { (keyword, $0) } }
            }
            if let flag { entries = entries.filter { $0.keyword != "dbname" } + [("dbname", flag)] }
        }
        if !entries.contains(where: { $0.keyword == "password" }), let password = environment["DB_PASSWORD"] {
            entries.append(("password", password))
        }
        return entries
    }

    private func flagParts(_ text: String) throws -> [DatabaseSettings.Entry] {
        let entries: [DatabaseSettings.Entry]
        do {
            entries = try DatabaseSettings.parts(of: text)
        } catch {
            throw Failure(.usage, "--database is no name and no URL that libpq understands")
        }
        guard !entries.contains(where: { ["password", "sslpassword"].contains($0.keyword) }) else {
            throw Failure(
                .usage, "--database must not hold a password: every user of this machine could read it",
                hint: "put it into DB_PASSWORD, DATABASE_URL or ~/.pgpass")
        }
        return entries
    }

    /// libpq's own message is left out: it quotes what it did not understand, which may be the password.
    private func urlParts(_ url: String) throws -> [DatabaseSettings.Entry] {
        do {
            return try DatabaseSettings.parts(of: url)
        } catch {
            throw Failure(.configuration, "DATABASE_URL is no URL that libpq understands")
        }
    }
}

/// As libpq decides it for `dbname` (recognized_connection_string).
private func isConninfo(_ text: String) -> Bool {
    text.hasPrefix("postgresql://") || text.hasPrefix("postgres://") || text.contains("=")
}

/// Whether all of `host:port,…` is on this machine. A broker written with a protocol (`ssl://…`) is taken for
/// elsewhere.
func isLoopback(brokers: String) -> Bool {
    brokers.split(separator: ",").allSatisfy { broker in
        var host = broker.drop { $0 == " " }
        if host.hasPrefix("[") { return host.hasPrefix("[::1]") }
        host = host.prefix { $0 != ":" }
        let octets = host.split(separator: ".", omittingEmptySubsequences: false)
        return host == "localhost"
            || octets.count == 4 && octets[0] == "127" && octets.allSatisfy { UInt8($0) != nil }
    }
}
