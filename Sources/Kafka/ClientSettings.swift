// How to reach Kafka: brokers and the user's own settings, merged with ours for each kind of client.

internal import CRdKafka

/// What a client is for; decides which of our settings apply.
enum ClientRole { case producer, consumer, reader, admin }

/// Brokers, the user's settings, and where librdkafka's own log lines go.
package struct ClientSettings: Sendable {
    /// `host:port,…`; empty: the user's entries name them (`bootstrap.servers`).
    package var brokers: String
    package var entries: [ConfigurationEntry]
    /// The path of the file the entries come from, for messages.
    package var file: String?
    /// Gets every log line of librdkafka, on any of its threads. None is ever printed by this target.
    package var log: (@Sendable (ClientLogLine) -> Void)?

    package init(
        brokers: String, entries: [ConfigurationEntry] = [], file: String? = nil,
        log: (@Sendable (ClientLogLine) -> Void)? = nil
    ) {
        self.brokers = brokers
        self.entries = entries
        self.file = file
        self.log = log
    }

    /// The brokers in force, as they were written: `brokers`, or what the user's entries name; empty if neither does.
    package var brokerNames: String {
        guard brokers.isEmpty else { return brokers }
        return entries.last { ["bootstrap.servers", "metadata.broker.list"].contains($0.key) }?.value ?? ""
    }

    /// The user's entries ask for SASL with SCRAM.
    package var usesSCRAM: Bool {
        let mechanism = entries.last { ["sasl.mechanism", "sasl.mechanisms"].contains($0.key) }?.value ?? ""
        return mechanism.uppercased().hasPrefix("SCRAM-")
    }

    /// Says what is wrong with the user's entries before any client is made; every client checks them again.
    package func check() throws(ConfigurationError) {
        rd_kafka_conf_destroy(try configuration(for: .admin, group: nil, overrides: []))
    }

    /// A configuration the caller owns. Order: our defaults, the user's entries, what must be, `overrides`.
    func configuration(
        for role: ClientRole, group: String?, overrides: [(String, String)]
    ) throws(ConfigurationError) -> OpaquePointer {
        try refuseContradictions()
        guard let conf = rd_kafka_conf_new() else { throw ConfigurationError("rd_kafka_conf_new: out of memory") }
        do throws(ConfigurationError) {
            for (key, value) in RequiredSettings.defaults(of: role) { try set(conf, key, value) }
            for (key, value) in RequiredSettings.defaultsIfKnown(of: role) where setting(key, in: conf) != nil {
                try set(conf, key, value)
            }
            for entry in entries { try set(conf, entry) }
            for (key, value) in RequiredSettings.required(of: role) { try set(conf, key, value) }
            if !brokers.isEmpty { try set(conf, "bootstrap.servers", brokers) }
            if let group { try set(conf, "group.id", group) }
            for (key, value) in overrides { try set(conf, key, value) }
            guard setting("bootstrap.servers", in: conf)?.isEmpty == false else {
                throw ConfigurationError("no Kafka brokers are named")
            }
        } catch {
            rd_kafka_conf_destroy(conf)
            throw error
        }
        return conf
    }

    /// A user's entry contradicts us when setting it changes one of our values. librdkafka itself resolves aliases
    /// (`request.required.acks`) and spellings (`all`, `-1`), so there is no table of them here.
    private func refuseContradictions() throws(ConfigurationError) {
        guard let conf = rd_kafka_conf_new() else { throw ConfigurationError("rd_kafka_conf_new: out of memory") }
        defer { rd_kafka_conf_destroy(conf) }
        var ours = RequiredSettings.all
        if !brokers.isEmpty { ours.append(("bootstrap.servers", brokers)) }
        for (key, value) in ours { try set(conf, key, value) }
        let expected = ours.map { ($0.0, setting($0.0, in: conf) ?? "") }
        for entry in entries {
            // Before librdkafka sees it: 2.0.2 does not know the name.
            if entry.key == "group.protocol", entry.value.lowercased() == "consumer" {
                throw ConfigurationError(
                    "\(place(entry)): group.protocol=consumer cannot be set: userload needs the classic protocol; "
                        + "leave the line out")
            }
            try set(conf, entry)
            for (key, wanted) in expected where (setting(key, in: conf) ?? "") != wanted {
                throw ConfigurationError(
                    "\(place(entry)): \(entry.key)=\(entry.value) contradicts userload, which needs \(key)=\(wanted)")
            }
            for (key, reason) in RequiredSettings.forbidden where setting(key, in: conf)?.isEmpty == false {
                throw ConfigurationError("\(place(entry)): \(entry.key) cannot be set: \(reason)")
            }
        }
    }

    private func set(_ conf: OpaquePointer, _ entry: ConfigurationEntry) throws(ConfigurationError) {
        do throws(ConfigurationError) {
            try set(conf, entry.key, entry.value)
        } catch {
            if entry.key == "sasl.oauthbearer.method", entry.value.lowercased() == "oidc" {
                throw ConfigurationError(
                    "\(place(entry)): OIDC takes a librdkafka with libcurl, and this one (\(KafkaVersion.text)) was built "
                        + "without; install Confluent's librdkafka1, or log in with another of sasl.mechanisms")
            }
            // librdkafka may name another alias of the key than the user did.
            throw ConfigurationError("\(place(entry)): \(entry.key): \(error.message)")
        }
    }

    private func set(_ conf: OpaquePointer, _ key: String, _ value: String) throws(ConfigurationError) {
        var text = [CChar](repeating: 0, count: 512)
        guard rd_kafka_conf_set(conf, key, value, &text, text.count) != RD_KAFKA_CONF_OK else { return }
        // It quotes a value only where it has a list of words to choose from: never a secret.
        throw ConfigurationError(string(text))
    }

    private func place(_ entry: ConfigurationEntry) -> String {
        guard let file else { return "Kafka settings" }
        return entry.line.map { "\(file):\($0)" } ?? file
    }
}

/// The value in a configuration; nil: librdkafka does not know the name.
func setting(_ key: String, in conf: OpaquePointer) -> String? {
    var size = 0
    guard rd_kafka_conf_get(conf, key, nil, &size) == RD_KAFKA_CONF_OK else { return nil }
    var text = [CChar](repeating: 0, count: size + 1)
    guard rd_kafka_conf_get(conf, key, &text, &size) == RD_KAFKA_CONF_OK else { return nil }
    return string(text)
}

/// A C string in a buffer that librdkafka filled.
func string(_ buffer: [CChar]) -> String {
    buffer.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
}
