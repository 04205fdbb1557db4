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
        try openssl(
            [
                "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", serverKey, "-out",
                path("csr"),
            ])
        try openssl(
            ["x509", "-req", "-in", path("csr"), "-CA", authority, "-CAkey", path("ca.key"), "-CAcreateserial"]
                + ["-out", server, "-days", "2"])
        chmod(serverKey, 0o600)
        try giveToPostgres(serverKey)
    }

    package var authority: String { path("ca.crt") }
    package var server: String { path("server.crt") }
    package var serverKey: String { path("server.key") }
    /// Signed by nobody else.
    package var stranger: String { path("stranger.crt") }
    package var strangerKey: String { path("stranger.key") }

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
