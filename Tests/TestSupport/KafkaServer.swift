// A real Kafka for tests: one broker in a temporary directory, on free loopback ports, gone when the test process is.
// KAFKA_HOME names a Kafka distribution; without it the tests that need one are skipped.

internal import Foundation
internal import Glibc
package import Testing

extension Trait where Self == ConditionTrait {
    /// For tests and suites that talk to a real Kafka.
    package static var needsKafka: Self { .enabled(if: KafkaServer.isAvailable, "needs a real Kafka: set KAFKA_HOME") }
}

/// One broker, its own controller. Any thread. `shared` serves a whole test run, a topic for each test; `start()` makes
/// one of your own to stop, kill or pause.
///
/// A guard process holds the read end of a pipe from us: at its end of file, however we died, it kills the server and
/// removes the directory.
package final class KafkaServer: @unchecked Sendable {
    package static let home = ProcessInfo.processInfo.environment["KAFKA_HOME"]

    package static let isAvailable =
        home.map { FileManager.default.isExecutableFile(atPath: $0 + "/bin/kafka-server-start.sh") } ?? false

    /// The run's own broker, without passwords; it would make topics by itself for a client that asks for that. Made on
    /// first use.
    package static let shared: KafkaServer = {
        do { return try start() } catch { fatalError("no Kafka for the tests: \(error)") }
    }()

    /// A broker of your own; returns when it answers.
    /// - Parameters:
    ///   - passwords: when given, SASL is required (PLAIN or SCRAM), and only `admin` may do everything (nobody else
    ///     anything).
    ///   - tls: when given, it listens on `tlsPort` as well, with SASL or without as on its other port; a client may show a
    ///     certificate, which must be a good one.
    ///   - properties: lines of server.properties on top of ours.
    ///   - isProxied: clients come through `proxy`.
    package static func start(
        passwords: [String: String] = [:], tls: TLS? = nil, properties: [String: String] = [:], isProxied: Bool = false
    ) throws -> KafkaServer {
        guard isAvailable, let home else { throw TestSupportError("needs a real Kafka: set KAFKA_HOME") }
        let server = try KafkaServer(home: home, isProxied: isProxied)
        try server.format(passwords, tls, properties)
        try server.restart()
        return server
    }

    /// Paths of PEM files: the broker's key and certificate, and the authorities whose clients it believes.
    package struct TLS: Sendable {
        package let keystore: String
        package let truststore: String

        package init(keystore: String, truststore: String) {
            self.keystore = keystore
            self.truststore = truststore
        }
    }

    package var bootstrapServers: String { "127.0.0.1:\(proxy?.port ?? port)" }
    package let port: Int
    /// Where it speaks TLS, as `localhost`, if it was started with a certificate.
    package let tlsPort: Int
    /// The line that clients come by, if it was asked for.
    package let proxy: TCPProxy?
    /// Holds `server.properties`, `log` and the data.
    package let directory: String
    private let home: String
    private var serverGuard: ServerGuard?
    private var pid: pid_t?

    private init(home: String, isProxied: Bool) throws {
        self.home = home
        directory = try serverDirectory("kafka")
        port = try portToKeep()
        tlsPort = try portToKeep()
        proxy = isProxied ? try TCPProxy(to: port) : nil
        serverGuard = try ServerGuard(directory: directory, stop: Self.stop)
    }

    deinit {
        // First the guard kills the broker, then it can be waited for.
        serverGuard = nil
        if let pid { waitpid(pid, nil, 0) }
    }

    private static let stop = """
        pid=$(cat "$1/pid" 2>/dev/null)
        if [ -n "$pid" ]; then
            kill -KILL "$pid"
            while kill -0 "$pid" 2>/dev/null && ! grep -q '^State:.Z' "/proc/$pid/status"; do sleep 0.1; done
        fi
        """

    private func format(_ passwords: [String: String], _ tls: TLS?, _ properties: [String: String]) throws {
        let controllerPort = try portToKeep()
        let listener = passwords.isEmpty ? "PLAINTEXT" : "SASL_PLAINTEXT"
        var lines = [
            "process.roles": "broker,controller", "node.id": "1",
            "controller.quorum.voters": "1@127.0.0.1:\(controllerPort)",
            "listeners": "\(listener)://127.0.0.1:\(port),CONTROLLER://127.0.0.1:\(controllerPort)",
            "advertised.listeners": "\(listener)://\(bootstrapServers)",
            "inter.broker.listener.name": listener, "controller.listener.names": "CONTROLLER",
            "listener.security.protocol.map": "\(listener):\(listener),CONTROLLER:PLAINTEXT",
            "log.dirs": directory + "/data", "auto.create.topics.enable": "true",
            "offsets.topic.num.partitions": "1", "offsets.topic.replication.factor": "1",
            "transaction.state.log.num.partitions": "1", "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1", "group.initial.rebalance.delay.ms": "0",
            "log.cleaner.dedupe.buffer.size": "8388608",
            // Back soon after SIGKILL: the defaults take 9 s to forget the old process.
            "broker.heartbeat.interval.ms": "200", "broker.session.timeout.ms": "1500",
        ]
        if !passwords.isEmpty {
            let users = passwords.map { "user_\($0)=\"\($1)\"" }.joined(separator: " ")
            let modules = "org.apache.kafka.common.security"
            for listener in ["sasl_plaintext", "sasl_ssl"] {
                lines["listener.name.\(listener).plain.sasl.jaas.config"] =
                    "\(modules).plain.PlainLoginModule required "
                    + "username=\"admin\" password=\"\(passwords["admin"] ?? "")\" \(users);"
                for mechanism in Self.scram {
                    lines["listener.name.\(listener).\(mechanism.lowercased()).sasl.jaas.config"] =
                        "\(modules).scram.ScramLoginModule required;"
                }
            }
            lines["sasl.enabled.mechanisms"] = (["PLAIN"] + Self.scram).joined(separator: ",")
            lines["sasl.mechanism.inter.broker.protocol"] = "PLAIN"
            lines["authorizer.class.name"] = "org.apache.kafka.metadata.authorizer.StandardAuthorizer"
            lines["super.users"] = "User:admin;User:ANONYMOUS"
        }
        if let tls {
            let listener = passwords.isEmpty ? "SSL" : "SASL_SSL"
            lines["listeners"]? += ",\(listener)://localhost:\(tlsPort)"
            lines["advertised.listeners"]? += ",\(listener)://localhost:\(tlsPort)"
            lines["listener.security.protocol.map"]? += ",\(listener):\(listener)"
            lines["ssl.keystore.type"] = "PEM"
            lines["ssl.keystore.location"] = tls.keystore
            lines["ssl.truststore.type"] = "PEM"
            lines["ssl.truststore.location"] = tls.truststore
            lines["ssl.client.auth"] = "requested"
        }
        lines.merge(properties) { $1 }
        let text = lines.map { "\($0)=\($1)\n" }.sorted().joined()
        try Data(text.utf8).write(to: URL(fileURLWithPath: directory + "/server.properties"))
        // 16 bytes in base64url, what `kafka-storage.sh random-uuid` would start a JVM for.
        let id = Data((0..<16).map { _ in UInt8.random(in: 0...255) }).base64EncodedString().prefix(22)
            .replacingOccurrences(of: "+", with: "A").replacingOccurrences(of: "/", with: "B")
        let users = passwords.flatMap { name, password in
            Self.scram.flatMap { ["--add-scram", "\($0)=[name=\(name),password=\(password)]"] }
        }
        try tool(
            "kafka-storage.sh", ["format", "-t", "A" + id.dropFirst(), "-c", directory + "/server.properties"] + users)
    }

    /// Properties for Java's tools, by which they come as the administrator of a server with `passwords`.
    package static func toolSettings(_ password: String) -> String {
        """
        security.protocol=SASL_PLAINTEXT
        sasl.mechanism=PLAIN
        sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username="admin" password="\(password)";

        """
    }

    private static let scram = ["SCRAM-SHA-256", "SCRAM-SHA-512"]

    /// Starts it on its ports, with the data it has, and returns when it answers.
    package func restart() throws {
        let startsBefore = starts()
        let script =
            "echo $$ >\"$1/pid\"; exec \"$2/bin/kafka-server-start.sh\" \"$1/server.properties\" >>\"$1/log\" 2>&1"
        let pid = try spawn("/usr/bin/setsid", ["sh", "-c", script, "sh", directory, home])
        self.pid = pid
        let end = ContinuousClock.now + .seconds(60)
        while starts() == startsBefore {
            guard waitpid(pid, nil, WNOHANG) == 0, ContinuousClock.now < end else {
                let log = (try? String(contentsOfFile: directory + "/log", encoding: .utf8)) ?? ""
                throw TestSupportError("Kafka did not start: \(log.suffix(4000))")
            }
            usleep(50_000)
        }
    }

    /// How often its log says that the broker is up.
    private func starts() -> Int {
        let log = (try? String(contentsOfFile: directory + "/log", encoding: .utf8)) ?? ""
        return log.components(separatedBy: "Kafka Server started").count - 1
    }

    /// kill -9; returns when it is gone. `restart()` brings it back.
    package func kill() { end(SIGKILL) }

    /// Stops it in good order; returns when it is gone.
    package func stop() { end(SIGTERM) }

    /// SIGSTOP: connections stay, nothing answers.
    package func pause() { signal(SIGSTOP) }

    package func resume() { signal(SIGCONT) }

    private func end(_ number: Int32) {
        signal(number)
        if let pid { while waitpid(pid, nil, 0) < 0 && errno == EINTR {} }
        pid = nil
        unlink(directory + "/pid")
    }

    private func signal(_ number: Int32) {
        if let pid { Glibc.kill(pid, number) }
    }

    /// Runs one of Kafka's own tools to its end, such as `kafka-topics.sh`. A JVM: about a second.
    @discardableResult
    package func tool(_ name: String, _ arguments: [String]) throws -> String {
        try run(home + "/bin/" + name, arguments)
    }
}

/// A free port outside the range that outgoing connections take theirs from: it stays ours while the server is down.
private func portToKeep() throws -> Int {
    for _ in 0..<100 {
        let port = UInt16.random(in: 10_000..<32_000)
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = port.bigEndian
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if result == 0 { return Int(port) }
    }
    throw TestSupportError("no free port")
}
