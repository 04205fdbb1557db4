// Rejects are told once, whichever command tells of them.

import TestSupport
import Testing

@Suite(.waiting, .needsServers) struct ToldOnceTests {
    let world: World

    init() throws { world = try World() }

    private func expectQuiet(_ command: String, _ file: String, at location: SourceLocation = #_sourceLocation) throws {
        let result = try world.expect(0, command, "--quiet", file, at: location)
        #expect(result.stdout.isEmpty && result.stderr.isEmpty, "\(result)", sourceLocation: location)
    }

    @Test func aLoadKnowsWhatAPushHasTold() throws {
        let file = try world.files.write("a.csv", "name,age\nAnn,30\nBo,x\nCy,y\n")
        let push = try world.expect(0, "push", "--quiet", file)
        #expect(push.stderr.contains("; 2 will be rejected\n"), "\(push)")
        try expectQuiet("load", file)
        // What only the database refuses is news.
        try world.database.psql("ALTER TABLE users ADD CHECK (name <> 'Di')")
        let other = try world.files.write("b.csv", "name,age\nDi,30\nBo,z\n")
        #expect(try world.expect(0, "push", "--quiet", other).stderr.contains("; 1 will be rejected\n"))
        #expect(try world.expect(1, "load", "--quiet", other).stdout.contains("completed, 2 rejects"))
    }

    @Test func aPushKnowsWhatALoadHasTold() throws {
        let file = try world.files.write("a.csv", "name,age\nAnn,30\nBo,x\nCy,y\n")
        #expect(try world.expect(1, "load", "--quiet", file).stdout.contains("completed, 2 rejects"))
        try expectQuiet("push", file)
        try expectQuiet("load", file)
    }
}
