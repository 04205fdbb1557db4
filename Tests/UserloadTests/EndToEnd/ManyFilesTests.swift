// Many small files in one command: killed, interrupted and run again, with bad ones among them, until the counts close.

import Foundation
import TestSupport
import Testing

@Suite(.waiting, .needsServers) struct ManyFilesTests {
    let world: World

    init() throws { world = try World() }

    /// Files of ten people each, numbered through; every tenth person of a file has no age.
    private func files(_ numbers: Range<Int>) throws -> [String] {
        try numbers.map { number in
            var text = "name,age\n"
            for i in 0..<10 { text += "Person \(number * 10 + i),\(i == 9 ? "" : "\(i)")\n" }
            return try world.files.write(String(format: "f%04d.csv", number), text)
        }
    }

    private func slugs(_ result: ChildProcess.Result) -> [String] {
        result.stdout.split(separator: "\n").map(String.init)
    }

    private func expectAll(_ count: Int) throws {
        try world.expectUsers(count * 9)
        let states = "SELECT state, count(*), sum(lines), sum(rejected) FROM userload.job_status GROUP BY state"
        #expect(try world.database.psql(states) == "completed|\(count)|\(count * 10)|\(count)")
    }

    /// kill -9 while a group is on its way: the same command again, and every line is counted once.
    @Test func killedInTheMiddleAndRunAgain() throws {
        let paths = try files(0..<200)
        let worker = try world.start(["work"])
        var generator = SplitMix(state: 4)
        var killed = 0
        var told: Set<String> = []
        for _ in 0..<6 {
            let push = try world.start(["push", "--quiet", "--print", "slug"] + paths)
            // From the first slug on, messages of the group are on their way.
            if killed > 2 { try? push.wait(for: "\n", on: .stdout) }
            usleep(UInt32.random(in: 0..<300_000, using: &generator))
            push.send(SIGKILL)
            let result = try push.wait()
            if result.ending == .signal(SIGKILL) { killed += 1 }
            told.formUnion(slugs(result))
        }
        #expect(killed > 0)
        let last = try world.start(["push", "--quiet", "--print", "slug"] + paths).wait(.seconds(120))
        #expect(last.code == 0, "\(last)")
        #expect(slugs(last).count == 200 && told.isSubset(of: slugs(last)))
        try waitUntil {
            try world.database.psql("SELECT count(*) FROM userload.job_status WHERE state = 'completed'") == "200"
        }
        try expectAll(200)
        worker.send(SIGTERM)
        #expect(try worker.wait().code == 0)
    }

    /// load tells of each file in the order given, and is the same again.
    @Test func loadedTogetherAndLoadedAgain() throws {
        let paths = try files(0..<300)
        let bad = try world.files.write("f0100a.csv", "alter\n3\n")
        let missing = world.files.path("f0200a.csv")
        let all = paths[...100] + [bad] + paths[101...200] + [missing] + paths[201...]
        for round in 1...2 {
            let result = try world.start(["load"] + all).wait(.seconds(120))
            #expect(result.code == 5, "\(result.code)")
            let told = result.stderr.split(separator: "\n").filter { $0.contains("; nothing sent") }
            #expect(told.count == (round == 1 ? 2 : 302))
            #expect(told.contains { $0.hasPrefix(bad) && $0.contains("refused: no column name") })
            #expect(told.contains { $0.hasPrefix(missing) && $0.contains("refused: no such file or directory") })
            let names = result.stdout.split(separator: "\n").filter { $0.contains("  completed, 1 reject") }
            #expect(
                names.count == 300
                    && names.map { $0.prefix(9) } == paths.map { ($0 as NSString).lastPathComponent.prefix(9) })
            try expectAll(300)
        }
    }

    /// SIGINT: each file says what is known of it, and the same command goes on.
    @Test func interruptedAndRunAgain() throws {
        let paths = try files(0..<400)
        let push = try world.start(["push"] + paths)
        try push.wait(for: "\n", on: .stdout)
        push.send(SIGINT)
        let first = try push.wait(.seconds(60))
        #expect(first.code == 130 || first.code == 0)
        #expect(slugs(first).count == 400)
        if first.code == 130 {
            #expect(first.stderr.contains("  interrupted; nothing sent\n"))
            let command = "the same command resumes what is not finished: userload push "
            #expect(first.stderr.components(separatedBy: command).count == 2, "said once")
        }
        let second = try world.start(["push", "--quiet", "--print", "slug"] + paths).wait(.seconds(60))
        #expect(second.code == 0 && Set(slugs(first)).subtracting(["-"]).isSubset(of: slugs(second)))
        let drain = try world.run("work", "--drain")
        #expect(drain.code == 1, "\(drain)")
        try expectAll(400)
    }
}
