import Postgres
import TestSupport
import Testing

@Suite struct ConnectionTests {
    @Test func hello() throws {
        let database = try PostgresServer.shared.database()
        let connection = try Connection(DatabaseSettings(parameters: database.parameters))
        #expect(try connection.query("SELECT 1 + 1")[0].int(0) == 2)
    }
}
