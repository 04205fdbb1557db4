// Certificates for a server and its clients, made on the spot with openssl.

internal import Foundation
internal import Glibc

/// A certificate authority, what it signed for `localhost`, and a stranger's: files, gone with the object.
package final class Certificates {
    private let directory: TemporaryDirectory

    package init() throws {
        directory = try TemporaryDirectory()
        chmod(directory.path, 0o755)
        try selfSigned("ca")
        try selfSigned("stranger")
        try issue("server", to: "localhost")
        try giveToPostgres(serverKey)
    }

    /// Signs a certificate for a name, which may be a host or a user, and keeps it as `NAME.crt` and `NAME.key`.
    /// - Returns: their paths.
    @discardableResult
    package func issue(_ name: String, to subject: String) throws -> (certificate: String, key: String) {
        let (certificate, key) = (path("\(name).crt"), path("\(name).key"))
        try openssl(
            ["req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=\(subject)", "-keyout", key, "-out", path("csr")])
        try openssl(
            ["x509", "-req", "-in", path("csr"), "-CA", authority, "-CAkey", path("ca.key"), "-CAcreateserial"]
                + ["-out", certificate, "-days", "2"])
        chmod(key, 0o600)
        return (certificate, key)
    }

    package var authority: String { path("ca.crt") }
    package var server: String { path("server.crt") }
    package var serverKey: String { path("server.key") }
    /// Signed by nobody else.
    package var stranger: String { path("stranger.crt") }
    package var strangerKey: String { path("stranger.key") }

    /// For a broker, which believes the authority's clients.
    package func kafka() throws -> KafkaServer.TLS {
        let both = try [serverKey, server].map { try String(contentsOfFile: $0, encoding: .utf8) }.joined()
        return KafkaServer.TLS(keystore: try directory.write("broker.pem", both), truststore: authority)
    }

    /// Lines of postgresql.conf; a role that is called like `user` needs a certificate in its own name.
    package func postgresSettings(certifying user: String) throws -> [String] {
        let rules = try directory.write(
            "hba.conf",
            """
            hostssl all \(user) 127.0.0.1/32 trust clientcert=verify-full
            host all postgres 127.0.0.1/32 trust

            """)
        return postgresSettings + ["hba_file = '\(rules)'"]
    }

    /// Lines of postgresql.conf.
    package var postgresSettings: [String] {
        [
            "ssl = on", "ssl_cert_file = '\(server)'", "ssl_key_file = '\(serverKey)'", "ssl_ca_file = '\(authority)'",
        ]
    }

    private func path(_ name: String) -> String { directory.path(name) }

    private func selfSigned(_ name: String) throws {
        try openssl(
            ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=\(name)", "-days", "2"]
                + ["-keyout", path("\(name).key"), "-out", path("\(name).crt")])
        chmod(path("\(name).key"), 0o600)
    }

    private func openssl(_ arguments: [String]) throws { try run("/usr/bin/openssl", arguments) }
}
