// A database whose settings, triggers or bookkeeping are not as userload left them.

import Foundation
import TestSupport
import Testing

@Suite(.waiting, .needsServers) struct BookkeepingTests {
    let world: World

    init() throws { world = try World() }

    @Test func arrayNullsOff() throws {
        try world.database.psql("ALTER DATABASE \(world.database.name) SET array_nulls = off")
        let file = try world.files.write("a.csv", People.csv(0..<10))
        try world.expect(0, "load", file)
        #expect(try world.database.psql("SELECT label IS NULL FROM userload.jobs") == "t")
        #expect(try world.database.psql("SELECT label IS NULL FROM userload.runs") == "t")
    }

    @Test func aConflictThatAlwaysComesBack() throws {
        try world.expect(0, "migrate")
        try world.database.psql(
            """
            CREATE FUNCTION never() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not now' USING ERRCODE = '40001'; END $$;
            CREATE TRIGGER never BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION never()
            """)
        _ = try world.push(try world.files.write("a.csv", People.csv(0..<10)))
        let result = try world.expect(3, "work", "--drain", "--stall-timeout", "8s")
        #expect(
            result.stderr.contains(
                "warning: Postgres broke off 5 tries of a batch in a row, the last one with: not now (SQLSTATE 40001); trying again\n"
            ))
        #expect(
            result.stderr.contains(
                "tries of a batch in a row, the last one with: not now (SQLSTATE 40001); nothing is lost"))
    }

    @Test func aDamagedJobDoesNotHideTheOthers() throws {
        let first = try world.files.write("a.csv", People.csv(0..<10))
        let second = try world.files.write("b.csv", People.csv(10..<20))
        let (one, two) = (try world.push(first), try world.push(second))
        try world.expect(0, "work", "--drain")
        try world.database.psql("UPDATE userload.jobs SET pushed_again_at = 'infinity' WHERE path LIKE '%a.csv'")
        let sentence = "job \(one): its row in userload.jobs cannot be read: pushed_again_at is not a time\n"
        let list = try world.expect(8, "jobs")
        #expect(list.stdout.contains(two) && !list.stdout.contains(one))
        #expect(list.stderr == "warning: \(sentence)")
        #expect(try world.expect(8, "status", one).stderr == "error: \(sentence)")
        #expect(try world.expect(8, "abandon", one).stderr == "error: \(sentence)")
        #expect(try world.expect(0, "status", two).stderr == "")
        #expect(try world.expect(8, "status", "--wait", one).stderr == "error: \(sentence)")
        // Others go on.
        try world.expect(0, "load", try world.files.write("c.csv", People.csv(20..<30)))
    }
}
