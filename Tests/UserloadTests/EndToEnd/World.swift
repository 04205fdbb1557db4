// What one end-to-end test has for itself: a topic, a database, a journal and files; and the binary, run in it as a
// user runs it.

import Foundation
import TestSupport
import Testing

/// What stands between push and work.
enum Broker: Sendable {
    case kafka, devBroker

    /// Those that this machine has.
    static let available: [Broker] = KafkaServer.isAvailable ? [.kafka, .devBroker] : [.devBroker]
}

/// Servers are shared with other tests unless given; a dev-broker has one topic, so every world has its own.
final class World: Sendable {
    let topic: String
    /// host:port.
    let broker: String
    let kafka: KafkaServer?
    private let devBroker: ChildProcess?
    let postgres: PostgresServer
    let database: TestDatabase
    let files: TemporaryDirectory

    convenience init(kafka: KafkaServer = .shared, postgres: PostgresServer = .shared) throws {
        try self.init(kafka: kafka, devBroker: nil, postgres)
    }

    convenience init(on broker: Broker) throws {
        switch broker {
        case .kafka: try self.init()
        case .devBroker:
            let topic = Self.newTopic()
            let broker = try ChildProcess(Userload.binary, ["dev-broker", "--topic", topic])
            try self.init(kafka: nil, devBroker: broker, topic: topic, .shared)
        }
    }

    private init(
        kafka: KafkaServer?, devBroker: ChildProcess?, topic: String = newTopic(), _ postgres: PostgresServer
    ) throws {
        self.kafka = kafka
        self.devBroker = devBroker
        self.topic = topic
        self.postgres = postgres
        if let kafka {
            broker = kafka.bootstrapServers
        } else {
            // The address is one line on standard output, once it answers.
            try devBroker?.wait(for: "\n", on: .stdout)
            broker = devBroker?.stdout.trimmingCharacters(in: .newlines) ?? ""
        }
        database = try postgres.database()
        files = try TemporaryDirectory()
    }

    private static func newTopic() -> String { "users-" + UUID().uuidString.lowercased() }

    /// As a crontab would have it: nothing of our own environment but the way to programs.
    func environment(_ changes: [String: String] = [:]) -> [String: String] {
        var variables = database.environment
        variables["PATH"] = "/usr/bin:/bin"
        variables["KAFKA_BROKER"] = broker
        variables["KAFKA_TOPIC"] = topic
        variables["USERLOAD_STATE_DIR"] = files.path("journal")
        return variables.merging(changes) { $1 }
    }

    /// Starts userload.
    /// - Parameter changes: variables that differ from this world's.
    func start(
        _ arguments: [String], _ changes: [String: String] = [:], input: ChildProcess.Input = .null
    ) throws -> ChildProcess {
        try ChildProcess(
            Userload.binary, arguments, environment: environment(changes), input: input, directory: files.path)
    }

    /// Runs userload to its end.
    @discardableResult
    func run(
        _ arguments: String..., changes: [String: String] = [:], input: ChildProcess.Input = .null,
        timeout: Duration = .seconds(120)
    ) throws -> ChildProcess.Result {
        try start(arguments, changes, input: input).wait(timeout)
    }

    /// Runs userload to its end and expects an exit code.
    @discardableResult
    func expect(
        _ code: Int32, _ arguments: String..., changes: [String: String] = [:], input: ChildProcess.Input = .null,
        at location: SourceLocation = #_sourceLocation
    ) throws -> ChildProcess.Result {
        let result = try start(arguments, changes, input: input).wait(.seconds(120))
        #expect(
            result.code == code, "userload \(arguments.joined(separator: " ")): \(result)", sourceLocation: location)
        return result
    }

    /// Pushes a file and returns its slug.
    func push(_ file: String, _ changes: [String: String] = [:], at location: SourceLocation = #_sourceLocation) throws
        -> String
    {
        let result = try expect(0, "push", "--quiet", "--print", "slug", file, changes: changes, at: location)
        return result.stdout.trimmingCharacters(in: .newlines)
    }

    /// Rows in users, and how many of them differ in their key: both the same, or a row is there twice.
    func expectUsers(_ rows: Int, at location: SourceLocation = #_sourceLocation) throws {
        let found = try database.psql("SELECT count(*), count(DISTINCT (name, age)) FROM users")
        #expect(found == "\(rows)|\(rows)", sourceLocation: location)
    }

    /// Creates this world's topic in a real Kafka, with Kafka's own tool: about a second.
    func createTopic(_ configuration: String...) throws {
        let settings = configuration.flatMap { ["--config", $0] }
        try topics(["--create", "--topic", topic, "--partitions", "2"] + settings)
    }

    /// The end of a partition's log, open transactions included.
    func end(of partition: Int) throws -> Int {
        let told =
            try kafka?.tool(
                "kafka-get-offsets.sh",
                ["--bootstrap-server", broker, "--topic-partitions", "\(topic):\(partition)"]) ?? ""
        guard let end = Int(told.split(separator: ":").last?.trimmingCharacters(in: .whitespacesAndNewlines) ?? "")
        else { throw TestSupportError("no offset: \(told)") }
        return end
    }

    func alterTopic(partitions: Int) throws {
        try topics(["--alter", "--topic", topic, "--partitions", "\(partitions)"])
    }

    /// Returns when the broker lists it no more, which may be after the tool's end: a push that still found it would wait
    /// for it until its stall timeout.
    func deleteTopic() throws {
        try topics(["--delete", "--topic", topic])
        try eventually("the topic is gone") {
            try !TestSupport.run("/usr/bin/kcat", ["-L", "-b", broker]).contains("\"\(topic)\"")
        }
    }

    /// Deletes what the topic holds, as retention does.
    func deleteRecords(partitions: Int) throws {
        let all = (0..<partitions).map { #"{"topic": "\#(topic)", "partition": \#($0), "offset": -1}"# }
        let json = try files.write("records.json", #"{"version": 1, "partitions": [\#(all.joined(separator: ","))]}"#)
        try kafka?.tool("kafka-delete-records.sh", ["--bootstrap-server", broker, "--offset-json-file", json])
    }

    private func topics(_ arguments: [String]) throws {
        try kafka?.tool("kafka-topics.sh", ["--bootstrap-server", broker] + arguments)
    }

    /// What `status --json` says of a job.
    func status(_ job: String, _ changes: [String: String] = [:]) throws -> JobReport {
        let result = try run("status", "--json", job, changes: changes)
        return try JobReport.decode(result)
    }

    /// Waits until a job is complete and expects its counts, which must close.
    func expectCompleted(
        _ job: String, inserted: Int, duplicates: Int = 0, rejected: Int = 0, _ changes: [String: String] = [:],
        at location: SourceLocation = #_sourceLocation
    ) throws {
        _ = try run("status", "--wait", "--timeout", "90s", job, changes: changes)
        let report = try status(job, changes)
        let wanted = JobReport(
            slug: report.slug, state: "completed", lines: inserted + duplicates + rejected, inserted: inserted,
            updated: 0, duplicates: duplicates, rejected: rejected)
        #expect(report == wanted, sourceLocation: location)
    }
}

/// The fields of `status --json` that tests compare.
struct JobReport: Decodable, Equatable {
    let slug: String
    let state: String
    let lines, inserted, updated, duplicates, rejected: Int

    static func decode(_ result: ChildProcess.Result) throws -> JobReport {
        guard result.code == 0, let line = result.stdout.split(separator: "\n").first else {
            throw TestSupportError("no status: \(result)")
        }
        return try JSONDecoder().decode(JobReport.self, from: Data(line.utf8))
    }
}

/// Files full of people: number i is "Person i", aged i % 100, so that numbers are keys.
enum People {
    static func csv(_ numbers: some Sequence<Int>, city: String = "Pune") -> String {
        var text = "name,age,address.city,note\n"
        for i in numbers { text += "Person \(i),\(i % 100),\(city),\"number \(i)\"\n" }
        return text
    }

    static func jsonl(_ numbers: some Sequence<Int>) -> String {
        var text = ""
        for i in numbers { text += "{\"name\": \"Person \(i)\", \"age\": \(i % 100), \"note\": \"number \(i)\"}\n" }
        return text
    }
}

extension Trait where Self == ConditionTrait {
    static var needsPostgres: Self { .enabled("needs Debian's postgresql") { PostgresServer.binaries != nil } }

    static var needsServers: Self {
        .enabled("needs a Kafka under KAFKA_HOME and Debian's postgresql") {
            KafkaServer.isAvailable && PostgresServer.binaries != nil
        }
    }
}
