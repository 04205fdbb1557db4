// What a newcomer reads who has no servers yet.

import Foundation
import TestSupport
import Testing

@Suite(.waiting) struct FirstContactTests {
    private static func environment(_ changes: [String: String] = [:]) -> [String: String] {
        ["PATH": "/usr/bin:/bin", "HOME": "/nonexistent"].merging(changes) { $1 }
    }

    @Test func pushSaysWhatToStart() throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write("a.csv", "name,age\nAnn,30\n")
        let broker = "127.0.0.1:\(try freeLoopbackPort())"
        let push = try ChildProcess(
            Userload.binary, ["push", "--stall-timeout", "5s", file],
            environment: Self.environment(["KAFKA_BROKER": broker]))
        let result = try push.wait()
        #expect(result.code == 6, "\(result)")
        let told = """
            nothing has answered at \(broker) yet; KAFKA_BROKER names your brokers. Without a Kafka of your own: \
            `userload dev-broker`, or ./run.local.sh in userload's source, which starts all there is to try it

            """
        #expect(result.stderr.components(separatedBy: told).count == 2, "\(result)")
    }

    @Test func workSaysWhatToStart() throws {
        let port = try freeLoopbackPort()
        let work = try ChildProcess(
            Userload.binary, ["work"],
            environment: Self.environment(["DATABASE_URL": "postgresql://nobody@127.0.0.1:\(port)/none"]))
        try work.wait(
            for: """
                no Postgres has answered yet; DATABASE_URL, or DB_HOST, DB_NAME and DB_USER, name yours. Without one: \
                ./run.local.sh in userload's source starts one to try it

                """)
        work.send(SIGTERM)
        #expect(try work.wait().code == 0)
    }
}
