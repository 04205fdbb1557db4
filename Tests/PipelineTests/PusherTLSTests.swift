// TLS that does not come about: whatever side is wrong, the command ends with the cause in its last sentence.

import Foundation
import Kafka
import Pipeline
import TestSupport
import Testing

@Suite(.waiting, .needsKafka) struct PusherTLSTests {
    /// Two authorities, a broker's certificate for `localhost` alone by the first. A client's by a third one with the
    /// first one's name: librdkafka 2.16 only shows a certificate if the broker names its authority.
    private static func certify(_ directory: TemporaryDirectory) throws {
        let script = """
            set -e; cd "$1"
            openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=one
            openssl req -x509 -newkey rsa:2048 -nodes -keyout other.key -out other.pem -days 2 -subj /CN=two
            echo subjectAltName=DNS:localhost > names
            openssl req -newkey rsa:2048 -nodes -keyout broker.key -out broker.csr -subj /CN=localhost
            openssl x509 -req -in broker.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out broker.crt
            cat broker.key broker.crt > broker.pem
            openssl req -x509 -newkey rsa:2048 -nodes -keyout namesake.key -out namesake.pem -days 2 -subj /CN=one
            openssl req -newkey rsa:2048 -nodes -keyout client.key -out client.csr -subj /CN=client
            openssl x509 -req -in client.csr -CA namesake.pem -CAkey namesake.key -CAcreateserial -days 2 -out client.crt
            """
        try run("/bin/sh", ["-c", script, "sh", directory.path])
    }

    @Test func whicheverSideIsWrongTheCauseIsSaidLast() throws {
        let directory = try TemporaryDirectory()
        try Self.certify(directory)
        let server = try KafkaServer.start(
            tls: KafkaServer.TLS(keystore: directory.path("broker.pem"), truststore: directory.path("ca.pem")))
        let path = try directory.write("a.csv", "name,age\nAnn,30\n")
        func push(_ host: String, _ port: Int, _ entries: [(String, String)]) -> PushOutcome {
            var options = PushOptions()
            options.partitions = 2
            options.stateDirectory = directory.path("state")
            // Long enough for a handshake on a busy machine; two of the mistakes are only told once it is over.
            options.stallTimeout = .seconds(10)
            let settings = ClientSettings(
                brokers: "\(host):\(port)", entries: entries.map { ConfigurationEntry(key: $0, value: $1) })
            let pusher = Pusher(settings, topic: "users", options: options, interrupt: Interrupt(), event: { _ in })
            defer { pusher.close() }
            return pusher.push(path)
        }
        let (ssl, ca) = (("security.protocol", "SSL"), ("ssl.ca.location", directory.path("ca.pem")))
        let good = push("localhost", server.tlsPort, [ssl, ca])
        #expect(good.result == .pushed, "\(good.result)")

        for (name, outcome, cause) in [
            (
                "wrong CA", push("localhost", server.tlsPort, [ssl, ("ssl.ca.location", directory.path("other.pem"))]),
                "certificate verify failed"
            ),
            ("wrong host name", push("127.0.0.1", server.tlsPort, [ssl, ca]), "certificate verify failed"),
            (
                "rejected certificate",
                push(
                    "localhost", server.tlsPort,
                    [
                        ssl, ca, ("ssl.certificate.location", directory.path("client.crt")),
                        ("ssl.key.location", directory.path("client.key")),
                    ]), "alert certificate unknown"
            ),
            ("plaintext to TLS", push("localhost", server.tlsPort, []), "security.protocol"),
            ("TLS to plaintext", push("localhost", server.port, [ssl, ca]), "SSL "),
        ] {
            guard case .failed(let error) = outcome.result else {
                Issue.record("\(name): \(outcome.result)")
                continue
            }
            #expect(error.kind == .configuration, "\(name): \(error)")
            #expect(error.message.contains(cause), "\(name): \(error)")
            #expect(error.hint == "KAFKA_CONFIG is where TLS and SASL are set")
        }
    }
}
