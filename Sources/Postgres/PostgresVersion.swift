// libpq's version, for `userload --version`.

internal import CPostgres

package enum PostgresVersion {
    /// "15.8": major and minor of the library in use, not of the headers.
    package static var text: String {
        let number = PQlibVersion()
        return "\(number / 10_000).\(number % 10_000)"
    }
}
