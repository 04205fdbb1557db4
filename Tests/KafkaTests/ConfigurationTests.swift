// The user's settings file: its format, its errors, and how it is merged with what userload needs.

import Foundation
import Testing

@testable import Kafka

@Suite struct ConfigurationTests {
    private func settings(_ lines: String) throws -> ClientSettings {
        ClientSettings(
            brokers: "127.0.0.1:1", entries: try ConfigurationFile.parse(text: lines, path: "kafka.conf"),
            file: "kafka.conf")
    }

    @Test func entriesKeepTheirLines() throws {
        let entries = try ConfigurationFile.parse(
            text: "# comment\n\n  client.id = a=b \r\nlinger.ms=5", path: "kafka.conf")
        #expect(
            entries == [
                ConfigurationEntry(key: "client.id", value: "a=b", line: 3),
                ConfigurationEntry(key: "linger.ms", value: "5", line: 4),
            ])
    }

    @Test func aCombiningMarkHidesNeitherACommentNorAnEqualsSign() throws {
        let entries = try ConfigurationFile.parse(text: "#\u{301} x\nclient.id=\u{301}a", path: "kafka.conf")
        #expect(entries == [ConfigurationEntry(key: "client.id", value: "\u{301}a", line: 2)])
    }

    @Test(arguments: ["client.id", "=x", "# fine\nclient.id"])
    func aLineWithoutKeyOrEqualsIsRefused(_ text: String) {
        let line = text.hasPrefix("#") ? 2 : 1
        #expect(throws: ConfigurationError("kafka.conf:\(line): expected key=value")) {
            try ConfigurationFile.parse(text: text, path: "kafka.conf")
        }
    }

    @Test func aFileThatIsNotThereSaysSo() {
        #expect(throws: ConfigurationError("/nowhere/kafka.conf: No such file or directory")) {
            try ConfigurationFile.parse("/nowhere/kafka.conf")
        }
        #expect(throws: ConfigurationError("/: Is a directory")) { try ConfigurationFile.parse("/") }
    }

    @Test(arguments: [
        ("acks=1", "kafka.conf:1: acks=1 contradicts userload, which needs acks=-1"),
        ("request.required.acks=0", "kafka.conf:1: request.required.acks=0 contradicts userload, which needs acks=-1"),
        (
            "# x\nenable.idempotence=false",
            "kafka.conf:2: enable.idempotence=false contradicts userload, which needs enable.idempotence=true"
        ),
        (
            "partitioner=murmur2_random",
            "kafka.conf:1: partitioner=murmur2_random contradicts userload, which needs partitioner=consistent_random"
        ),
        (
            "enable.auto.commit=true",
            "kafka.conf:1: enable.auto.commit=true contradicts userload, which needs enable.auto.commit=false"
        ),
        (
            "auto.offset.reset=earliest",
            "kafka.conf:1: auto.offset.reset=earliest contradicts userload, which needs auto.offset.reset=error"
        ),
        (
            "isolation.level=read_uncommitted",
            "kafka.conf:1: isolation.level=read_uncommitted contradicts userload, "
                + "which needs isolation.level=read_committed"
        ),
        (
            "delivery.timeout.ms=1000",
            "kafka.conf:1: delivery.timeout.ms=1000 contradicts userload, which needs message.timeout.ms=0"
        ),
        (
            "partition.assignment.strategy=cooperative-sticky",
            "kafka.conf:1: partition.assignment.strategy=cooperative-sticky contradicts userload, "
                + "which needs partition.assignment.strategy=range"
        ),
        (
            "message.max.bytes=1000000",
            "kafka.conf:1: message.max.bytes=1000000 contradicts userload, which needs message.max.bytes=1064960"
        ),
        (
            "metadata.broker.list=other:9092",
            "kafka.conf:1: metadata.broker.list=other:9092 contradicts userload, "
                + "which needs bootstrap.servers=127.0.0.1:1"
        ),
        ("group.id=mine", "kafka.conf:1: group.id cannot be set: each database has its own group"),
        ("group.instance.id=a", "kafka.conf:1: group.instance.id cannot be set: members of the group are not static"),
        (
            "group.protocol=consumer",
            "kafka.conf:1: group.protocol=consumer cannot be set: userload needs the classic protocol; "
                + "leave the line out"
        ),
        ("transactional.id=a", "kafka.conf:1: transactional.id cannot be set: push does not use transactions"),
        ("client.idd=a", "kafka.conf:1: client.idd: No such configuration property: \"client.idd\""),
        (
            "linger.ms=soon",
            "kafka.conf:1: linger.ms: Invalid value for configuration property \"queue.buffering.max.ms\""
        ),
        (
            "sasl.pasword=hunter2",
            "kafka.conf:1: sasl.pasword: No such configuration property: \"sasl.pasword\""
        ),
    ])
    func contradictionsNameFileAndLine(_ text: String, _ message: String) throws {
        let settings = try settings(text)
        #expect(throws: ConfigurationError(message)) { try settings.check() }
    }

    @Test(.enabled("this librdkafka has libcurl") { KafkaVersion.text.hasPrefix("2.0.") })
    func oidcWithoutLibcurlSaysWhatToInstall() throws {
        let settings = try settings("sasl.mechanisms=OAUTHBEARER\nsasl.oauthbearer.method=OIDC")
        let message =
            "kafka.conf:2: OIDC takes a librdkafka with libcurl, and this one (\(KafkaVersion.text)) was built without; "
            + "install Confluent's librdkafka1, or log in with another of sasl.mechanisms"
        #expect(throws: ConfigurationError(message)) { try settings.check() }
    }

    @Test(arguments: [
        "acks=all", "acks=-1", "request.required.acks=-1", "enable.idempotence=true", "auto.offset.reset=error",
        "linger.ms=50", "compression.codec=zstd", "session.timeout.ms=45000", "bootstrap.servers=127.0.0.1:1",
        "security.protocol=SASL_SSL\nsasl.mechanisms=PLAIN\nsasl.username=u\nsasl.password=p",
    ])
    func settingsThatAgreeOrAreTheUsersOwnPass(_ text: String) throws {
        try settings(text).check()
    }

    @Test func brokersMayStandInTheFile() throws {
        let entries = [ConfigurationEntry(key: "bootstrap.servers", value: "127.0.0.1:1", line: 1)]
        try ClientSettings(brokers: "", entries: entries, file: "kafka.conf").check()
        #expect(throws: ConfigurationError("no Kafka brokers are named")) { try ClientSettings(brokers: "").check() }
    }

    @Test func whatLibrdkafkaRefusesTogetherNamesTheFile() throws {
        let settings = try settings("max.in.flight.requests.per.connection=100")
        #expect(
            throws: ConfigurationError(
                "kafka.conf: `max.in.flight` must be set <= 5 when `enable.idempotence` is true")
        ) {
            try Producer(settings, topic: "t", headerNames: ("a", "b")) { _ in }
        }
    }

    @Test(arguments: [
        (
            "[thrd:127.0.0.1:1/bootstrap]: 127.0.0.1:1/bootstrap: Connect to ipv4#127.0.0.1:1 failed: Connection refused "
                + "(after 0ms in state CONNECT, 1 identical error(s) suppressed)",
            "127.0.0.1:1/bootstrap: Connect to ipv4#127.0.0.1:1 failed: Connection refused"
        ),
        // 2.0.2 says what the state suggests, 2.16 does not.
        (
            "[thrd:h:1/bootstrap]: h:1/bootstrap: Disconnected while requesting ApiVersion: might be caused by incorrect "
                + "security.protocol configuration (connecting to a SSL listener?) (after 3ms in state APIVERSION_QUERY)",
            "h:1/bootstrap: Disconnected while requesting ApiVersion: might be caused by incorrect security.protocol "
                + "configuration (connecting to a SSL listener?)"
        ),
        (
            "[thrd:h:1/bootstrap]: h:1/bootstrap: Disconnected: connection closed by peer: receive 0 after POLLIN "
                + "(after 0ms in state APIVERSION_QUERY)",
            "h:1/bootstrap: Disconnected: connection closed by peer: receive 0 after POLLIN: might be caused by "
                + "incorrect security.protocol configuration"
        ),
        ("h:1: Disconnected (after 9ms in state UP)", "h:1: Disconnected"),
        ("Broker: Unknown topic or partition", "Broker: Unknown topic or partition"),
    ])
    func librdkafkasThreadsAreNoNewsToPeople(text: String, shown: String) {
        #expect(KafkaError(code: .transport, message: text).message == shown)
    }

    /// The value that a client of this role gets; nil: librdkafka does not know the name.
    private func value(_ key: String, _ role: ClientRole, _ lines: String = "") throws -> String? {
        let settings = try settings(lines)
        return setting(key, in: try settings.configuration(for: role, group: nil, overrides: []))
    }

    @Test func addedPartitionsAreKnownWithinHalfAMinute() throws {
        #expect(try value("topic.metadata.refresh.interval.ms", .consumer) == "20000")
        #expect(
            try value("topic.metadata.refresh.interval.ms", .consumer, "topic.metadata.refresh.interval.ms=5000")
                == "5000")
    }

    /// Unknown to 2.0.2, which must not cost the client.
    @Test(arguments: [ClientRole.consumer, .reader]) func theBackoffOfNewerLibraries(role: ClientRole) throws {
        let isKnown = try value("fetch.queue.backoff.ms", .admin) != nil
        #expect(try value("fetch.queue.backoff.ms", role) == (isKnown ? "10" : nil))
    }

    @Test(arguments: [
        ("Receive failed: error:0A000412:SSL routines::sslv3 alert bad certificate: SSL alert number 42", 42, true),
        ("Receive failed: error:0A000416:SSL routines::sslv3 alert certificate unknown", 46, true),
        ("Receive failed: error:0A00045C:SSL routines::tlsv13 alert certificate required", 116, true),
        ("error:0A000438:SSL routines::tlsv1 alert internal error", 80, false),
        ("SSL handshake failed: error:0A000126:SSL routines::unexpected eof while reading", nil, false),
        ("error:0A000086:SSL routines::certificate verify failed", nil, false),
        ("error::SSL routines:", nil, false), ("error:FFFFFFFFFF:SSL routines:", nil, false),
        ("Connect to ipv4#127.0.0.1:1 failed: Connection refused", nil, false),
    ])
    func alertsOfTLSAreToldByTheirNumber(text: String, alert: Int?, isRefusal: Bool) {
        #expect(tlsAlert(in: text) == alert)
        #expect(isTLSRefusal(text) == isRefusal)
    }

    /// Java says "bad certificate" to a client without one, and "invalid credentials" to an old library.
    @Test(
        arguments: [
            (KafkaErrorCode.ssl, "alert bad certificate", "0A000412", [:], "client certificate"),
            (.ssl, "alert certificate required", "0A00045C", [:], "client certificate"),
            (.ssl, "alert bad certificate", "0A000412", ["ssl.certificate.location": "a.pem"], nil),
            (.ssl, "alert bad certificate", "0A000412", ["ssl.keystore.location": "a.p12"], nil),
            (.ssl, "alert unknown ca", "0A000418", [:], nil),
            (.authentication, "invalid credentials", "", ["sasl.mechanisms": "SCRAM-SHA-256"], "2.6.1"),
            (.saslAuthenticationFailed, "invalid credentials", "", ["sasl.mechanisms": "scram-sha-512"], "2.6.1"),
            (.authentication, "invalid credentials", "", ["sasl.mechanisms": "PLAIN"], nil),
            (.unsupportedSaslMechanism, "unsupported", "", ["sasl.mechanisms": "SCRAM-SHA-256"], nil),
        ] as [(KafkaErrorCode, String, String, [String: String], String?)])
    func refusalsThatMislead(
        code: KafkaErrorCode, words: String, number: String, settings: [String: String], explanation: String?
    ) {
        let text = number.isEmpty ? words : "Receive failed: error:\(number):SSL routines::\(words)"
        let error = KafkaError(code: code, message: text)
        let explained = error.explained(speaksSCRAM: false) { settings[$0] }
        if let explanation {
            #expect("\(explained.message) \(explained.hint ?? "")".contains(explanation))
        } else {
            #expect(explained == error)
        }
        if code != .ssl { #expect(error.explained(speaksSCRAM: true) { settings[$0] } == error) }
    }

    @Test(arguments: [
        KafkaErrorCode.transport, .allBrokersDown, .resolve, .timedOut, .timedOutInQueue, .networkException,
        .brokerNotAvailable, .requestTimedOut,
    ])
    func aBrokerThatIsAwayMayComeBack(code: KafkaErrorCode) {
        let error = KafkaError(code: code)
        #expect(error.isConnection && !error.isAuthentication && !error.isAuthorization && !error.isFatal)
    }

    @Test func onlyWordsTellThatOneSideSpeaksTLS() {
        let words =
            "Disconnected while requesting ApiVersion: might be caused by incorrect security.protocol configuration"
        #expect(KafkaError(code: .transport, message: words).suggestsOtherProtocol)
        #expect(!KafkaError(code: .ssl, message: words).suggestsOtherProtocol)
        let ended = "ssl://localhost:9092/bootstrap: error:0A000126:SSL routines::unexpected eof while reading"
        #expect(KafkaError(code: .transport, message: ended).suggestsOtherProtocol)
        #expect(!KafkaError(code: .transport, message: "Connection refused").suggestsOtherProtocol)
    }

    @Test func errorsMatchByCode() {
        let error: any Error = KafkaError(code: .topicAlreadyExists)
        #expect(KafkaErrorCode.topicAlreadyExists ~= error)
        #expect(!(KafkaErrorCode.timedOut ~= error))
        #expect("\(error)" == "Broker: Topic already exists (TOPIC_ALREADY_EXISTS)")
        #expect(KafkaErrorCode(rawValue: 12345).name == "ERR_12345?")
        #expect(KafkaError(code: .ssl).isAuthentication && !KafkaError(code: .transport).isAuthentication)
        #expect(KafkaError(code: .allBrokersDown).isConnection)
    }

    @Test func theVersionIsThatOfTheLibrary() {
        #expect(KafkaVersion.text.split(separator: ".").count >= 3)
    }
}
