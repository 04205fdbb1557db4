// Bad input of every kind gets a clear sentence and its exit code; nothing crashes, nothing is lost.

import Foundation
import TestSupport
import Testing

@Suite(.waiting, .needsServers) struct BadInputTests {
    @Test func noSuchFile() throws {
        let result = try World().expect(5, "push", "nowhere.csv")
        #expect(result.stdout == "-\n")
        #expect(result.stderr == "nowhere.csv  -         refused: no such file or directory; nothing sent\n")
    }

    @Test(.enabled("root may read everything") { getuid() != 0 })
    func aFileThatMayNotBeRead() throws {
        let world = try World()
        let file = try world.files.write("secret.csv", People.csv(0..<1))
        chmod(file, 0)
        let result = try world.expect(5, "push", file)
        #expect(result.stderr.contains("Permission denied"))
    }

    @Test func aDirectory() throws {
        let world = try World()
        let result = try world.expect(5, "push", "--format", "csv", world.files.path)
        #expect(result.stderr.contains("directory"))
    }

    @Test(arguments: ["empty.csv"]) func anEmptyFile(name: String) throws {
        let world = try World()
        let result = try world.expect(5, "push", try world.files.write(name, ""))
        #expect(result.stdout == "-\n")
        #expect(result.stderr.contains("empty"))
    }

    @Test func aHeaderWithoutRowsIsAJobOfNoLines() throws {
        let world = try World()
        let file = try world.files.write("header.csv", "name,age\n")
        try world.expect(0, "load", file)
        try world.expectCompleted(file, inserted: 0)
    }

    @Test func aFileWithoutPeople() throws {
        let world = try World()
        let result = try world.expect(5, "push", try world.files.write("people.xml", "<people/>"))
        #expect(result.stderr.contains("refused: no columns name and age (line 1: <people/>); nothing sent"))
    }

    @Test func aMissingColumnIsNamedWithThoseSeen() throws {
        let world = try World()
        let result = try world.expect(5, "push", try world.files.write("c.csv", "name,alters,email\nAnn,x,\n"))
        #expect(result.stderr.contains("no column age (line 1: name, alters, email)"))
    }

    @Test func oneBadFileDoesNotStopTheOthers() throws {
        let world = try World()
        let good = try world.files.write("good.csv", People.csv(0..<5))
        let result = try world.expect(5, "push", "nowhere.csv", good)
        let lines = result.stdout.split(separator: "\n")
        #expect(lines.count == 2 && lines.first == "-" && lines.last != "-", "\(result)")
        try world.expect(0, "work", "--drain")
        try world.expectUsers(5)
    }

    /// Garbage is refused by its header or its NUL bytes, or becomes rejects; it never crashes.
    @Test func binaryGarbage() throws {
        let world = try World()
        var generator = SplitMix(state: 7)
        let bytes = Data((0..<200_000).map { _ in UInt8.random(in: 0...255, using: &generator) })
        try world.expect(5, "load", try world.files.write("garbage.csv", bytes))
        let refused = try world.expect(5, "load", try world.files.write("garbage.jsonl", bytes))
        #expect(refused.stderr.contains("a NUL byte, which text cannot contain; nothing sent"))
        try world.expect(5, "load", try world.files.write("garbage.jsonl", bytes.filter { $0 != 0 }))
        // Behind what the file is concluded from.
        let first = "name,age\nAnn,31\n" + String(repeating: "Bo,1\n", count: 20_000)
        let mixed = Data(first.utf8) + bytes + Data("\nBob,32\n".utf8)
        try world.expect(1, "load", try world.files.write("mixed.csv", mixed))
        #expect(try world.database.psql("SELECT count(*) FROM users WHERE name = 'Ann'") == "1")
    }

    /// What is no text is refused with the command that makes text of it, to be pasted as it stands.
    @Test func whatIsNoTextIsRefused() throws {
        let world = try World()
        let file = try world.files.write("my people.zip", Data([0x50, 0x4B, 3, 4]) + Data(count: 600))
        let result = try world.expect(5, "push", file)
        #expect(
            result.stderr
                == """
                \(file)  -         refused: is a zip archive; nothing sent
                try: unzip -p '\(file)' | userload push -

                """)
        let input = ChildProcess.Input.bytes([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00, 0x00])
        let stream = try world.expect(5, "push", "--format", "csv", "-", input: input)
        #expect(stream.stderr.hasSuffix("try: … | xz -dc | userload push --format csv -\n"), "\(stream)")
    }

    @Test func theBrokerIsAway() throws {
        let world = try World()
        let file = try world.files.write("a.csv", People.csv(0..<5))
        let changes = ["KAFKA_BROKER": "127.0.0.1:\(try freeLoopbackPort())"]
        let result = try world.expect(6, "push", "--stall-timeout", "2s", file, changes: changes)
        #expect(result.stderr.contains(changes["KAFKA_BROKER"]!))
        try world.expect(0, "migrate")
        try world.expect(6, "work", "--drain", "--stall-timeout", "2s", changes: changes)
        try world.expect(6, "load", "--stall-timeout", "2s", file, changes: changes)
    }

    @Test func theDatabaseIsAway() throws {
        let world = try World()
        let file = try world.files.write("a.csv", People.csv(0..<5))
        let changes = ["DB_PORT": String(try freeLoopbackPort())]
        try world.expect(0, "push", file, changes: changes)  // push needs Kafka only
        for command in [
            ["work", "--drain", "--stall-timeout", "2s"], ["status", file], ["stats"], ["jobs"], ["users"],
        ] {
            let result = try world.start(command, changes).wait()
            #expect(result.code == 7, "\(command): \(result)")
        }
        try world.expect(0, "work", "--drain")  // nothing is lost
        try world.expectUsers(5)
    }

    @Test func aWrongPasswordIsSaidAtOnceAndNotRepeated() throws {
        let world = try World(postgres: PostgresServer(.password("right")))
        let secret = "wrong-and-secret"
        for command in [["work"], ["work", "--drain"], ["stats"], ["status", "abcdefgh"]] {
            let result = try world.start(command, ["DB_PASSWORD": secret]).wait(.seconds(30))
            #expect(result.code == 8 || result.code == 7, "\(command): \(result)")
            #expect(result.stderr.contains("password"))
            #expect(!result.stderr.contains(secret))
        }
    }

    @Test(arguments: ["acks=0", "enable.idempotence=false", "request.required.acks=1", "partitioner=random"])
    func aKafkaConfigurationThatWouldSwitchAGuaranteeOff(line: String) throws {
        let world = try World()
        let config = try world.files.write("kafka.properties", "# ours\n\n\(line)\n")
        let file = try world.files.write("a.csv", People.csv(0..<5))
        let result = try world.expect(8, "push", file, changes: ["KAFKA_CONFIG": config])
        #expect(result.stderr.contains(":3") || result.stderr.contains("line 3"), "\(result)")
        #expect(result.stderr.contains(line.split(separator: "=")[0]), "\(result)")
    }

    @Test(arguments: ["enable.auto.commit=true", "auto.offset.reset=latest", "isolation.level=read_uncommitted"])
    func theSameForAWorker(line: String) throws {
        let world = try World()
        let config = try world.files.write("kafka.properties", "\(line)\n")
        let result = try world.expect(8, "work", "--drain", changes: ["KAFKA_CONFIG": config])
        #expect(result.stderr.contains(line.split(separator: "=")[0]), "\(result)")
    }

    @Test func noSuchJob() throws {
        let world = try World()
        try world.expect(0, "migrate")
        for command in ["status", "rejects", "abandon"] {
            #expect(try world.start([command, "zzzzzzzz"]).wait().code == 4, "\(command)")
        }
    }

    @Test(arguments: [
        ["push"], ["frobnicate"], ["push", "--frobnicate", "x"], ["push", "--lab", "x", "y.csv"], ["stats", "surplus"],
        ["status"],
    ])
    func usage(command: [String]) throws {
        let result = try World().start(command).wait()
        #expect(result.code == 2, "\(command): \(result)")
        #expect(!result.stderr.isEmpty)
    }

    /// A reader that has seen enough is no error.
    @Test func aClosedPipe() throws {
        let world = try World()
        try world.expect(0, "load", "--quiet", try world.files.write("a.csv", People.csv(0..<20_000)))
        let script = "'\(Userload.binary)' users | head -n 1; echo ${PIPESTATUS[0]}"
        let result = try ChildProcess("/bin/bash", ["-c", script], environment: world.environment()).wait()
        #expect(result.stdout.hasSuffix("\n0\n"), "\(result)")
        #expect(result.stderr == "")
    }

    /// The connection to Postgres used to take descriptor 1, and what was printed went to the server.
    @Test func aClosedStandardOutputIsNotTheDatabase() throws {
        let world = try World()
        try world.expect(0, "load", try world.files.write("people.csv", People.csv(0..<10)))
        let result = try ChildProcess(
            "/bin/bash", ["-c", "'\(Userload.binary)' users >&-"], environment: world.environment()
        ).wait()
        #expect(result.code == 3)
        #expect(result.stderr == "error: cannot write to standard output: Bad file descriptor\n", "\(result)")
    }
}
