// Many small files in one command: they share a producer session, a proof and a sync of the journal, and nothing else.

import Foundation
import Kafka
import Pipeline
import Records
import TestSupport
import Testing

@Suite(.waiting, .needsKafka) struct PusherGroupTests {
    /// Files of a few people each, all different.
    private func files(_ place: Place, _ numbers: Range<Int>, lines: Int = 5) throws -> [String] {
        try numbers.map { number in
            let people = (0..<lines).map { "{\"name\": \"Person \(number) \($0)\", \"age\": \($0 % 90)}\n" }
            return try place.directory.write("f\(number).jsonl", people.joined())
        }
    }

    private func isAlreadyPushed(_ outcome: PushOutcome, expired: Bool = false) -> Bool {
        if case .alreadyPushed(_, expired) = outcome.result { return true }
        return false
    }

    private func expectWhole(_ content: TopicContent, _ outcomes: [PushOutcome], lines: Int = 5) throws {
        for outcome in outcomes {
            let job = try #require(outcome.job, "\(outcome)")
            #expect(try content.applied(job).count == lines, "\(outcome.input)")
        }
    }

    @Test func manyFilesGoTogether() throws {
        let place = try Place()
        let paths = try files(place, 0..<300)
        let first = place.push(paths)
        #expect(first.map(\.input) == paths)
        #expect(first.allSatisfy { $0.result == .pushed && $0.records == 5 && $0.bytes > 150 && $0.ends != nil })
        #expect(Set(first.map(\.job)).count == 300)
        var content = try place.content()
        for outcome in first { #expect(content.kinds(of: outcome.job!) == [.start: 4, .record: 5, .end: 4]) }
        try expectWhole(content, first)
        let journal = Journal(directory: place.directory.path("state"))
        let entries = journal.entries(cluster: first[0].ends!.cluster, topic: place.topic) { _ in true }
        #expect(entries.count == 300 && entries.allSatisfy { $0.state == .pushed })

        // Only what is new is sent, wherever it stands among the others, and of these the markers.
        let more = try files(place, 300..<330)
        let mixed = zip(paths, more).flatMap { [$0, $1] } + paths[30...]
        let second = place.push(mixed)
        #expect(second.map(\.input) == mixed)
        for (index, outcome) in second.enumerated() {
            let isNew = index < 60 && index % 2 == 1
            #expect(isNew ? outcome.result == .pushed : isAlreadyPushed(outcome), "\(index): \(outcome)")
        }
        content = try place.content()
        for outcome in first { #expect(content.kinds(of: outcome.job!) == [.start: 8, .record: 5, .end: 8]) }
        try expectWhole(content, second)
    }

    /// Bad files stand among good ones; what is told of each comes between the end of the one before and its own.
    @Test func badFilesAmongGoodOnes() throws {
        let place = try Place()
        var told: [String] = []
        place.onEvent = { event in
            switch event {
            case .concluded(let line): told.append(String(line.prefix { $0 != " " }))
            case .started: told.append("started")
            case .notice, .fault, .waiting, .progress: break
            }
        }
        place.onOutcome = { told.append("end of \($0.input)") }
        let good = try files(place, 0..<4)
        let empty = try place.directory.write("empty.csv", "")
        let missing = place.directory.path("missing.csv")
        let nameless = try place.directory.write("nameless.csv", "alter,email\n3,x\n")
        let paths = [good[0], empty, good[1], missing, nameless, good[2], good[3]]
        let outcomes = place.push(paths)
        #expect(outcomes.map(\.input) == paths)
        for (path, outcome) in zip(paths, outcomes) where good.contains(path) { #expect(outcome.result == .pushed) }
        #expect(outcomes[1].result == .failed(.refused("is empty")) && outcomes[1].job == nil)
        #expect(outcomes[3].result == .failed(.refused("no such file or directory")))
        guard case .failed(let error) = outcomes[4].result else {
            Issue.record("\(outcomes[4])")
            return
        }
        #expect(error.kind == .refused)
        let expected = paths.flatMap { path in
            good.contains(path) ? [path, "started", "end of \(path)"] : ["end of \(path)"]
        }
        #expect(told == expected)
        try expectWhole(try place.content(), outcomes.filter { $0.result == .pushed })
    }

    /// Its records are marked broken; the others of the group are whole.
    @Test func aFileThatChangesInTheMiddleOfAGroup() throws {
        let place = try Place()
        let paths = try files(place, 0..<20)
        var isChanged = false
        place.onEvent = { event in
            // The first one's start markers stand alone: nothing was read again yet.
            guard case .started = event, !isChanged else { return }
            isChanged = true
            try! place.directory.write("f7.jsonl", "{\"name\": \"Late\", \"age\": 1}\n")
            try! FileManager.default.removeItem(atPath: paths[9])
        }
        let outcomes = place.push(paths)
        let content = try place.content()
        #expect(outcomes.map(\.input) == paths)
        for (number, outcome) in outcomes.enumerated() where number != 7 { #expect(outcome.result == .pushed) }
        #expect(
            outcomes[7].result == .failed(.broken("changed while it was read; what was sent of it is marked broken")))
        #expect(content.kinds(of: outcomes[7].job!) == [.start: 4, .record: 1, .broken: 4])
        try expectWhole(content, outcomes.enumerated().filter { $0.offset != 7 }.map(\.element))
        // It is another file now.
        let second = place.push(Array(paths[6...8]))
        #expect(isAlreadyPushed(second[0]) && isAlreadyPushed(second[2]))
        #expect(second[1].result == .pushed && second[1].job != outcomes[7].job && second[1].records == 1)
    }

    /// Copies are one job: the first one is pushed, the others are told so.
    @Test func copiesAreOneJob() throws {
        let place = try Place()
        let paths = try files(place, 0..<3)
        let copy = place.directory.path("copy.jsonl")
        try FileManager.default.copyItem(atPath: paths[1], toPath: copy)
        let outcomes = place.push(paths + [copy, paths[0]])
        #expect(outcomes[..<3].allSatisfy { $0.result == .pushed })
        #expect(outcomes[3...].allSatisfy { isAlreadyPushed($0) })
        #expect(outcomes.map(\.job) == [0, 1, 2, 1, 0].map { outcomes[$0].job })
        #expect(outcomes[3].ends == outcomes[1].ends)
        let content = try place.content()
        for outcome in outcomes[..<3] { #expect(content.kinds(of: outcome.job!)[.record] == 5) }
    }

    /// What the journal says of each file is looked for by itself: one went to the topic before, others to the one made anew.
    @Test func aTopicCreatedAgainBetweenRuns() throws {
        let place = try Place()
        let paths = try files(place, 0..<6)
        let earlier = place.push(paths[2])
        try place.createAgain()
        _ = place.push([paths[0], paths[1], paths[3], paths[4]])
        place.notices = []
        let outcomes = place.push(paths)
        #expect(outcomes.allSatisfy { $0.result == .pushed } && outcomes[2].job == earlier.job)
        #expect(
            place.notices == [
                "topic \(place.topic) is not the one these jobs went to before (created again?): everything is sent again"
            ])
        try expectWhole(try place.content(), outcomes)
        #expect(place.push(paths).allSatisfy { isAlreadyPushed($0) })
    }

    @Test func whatExpiredIsSaidOfEachFile() throws {
        let place = try Place()
        let paths = try files(place, 0..<6)
        _ = place.push(Array(paths[..<3]))
        try place.expire()
        _ = place.push(Array(paths[3...]))
        let outcomes = place.push(paths)
        #expect(outcomes[..<3].allSatisfy { isAlreadyPushed($0, expired: true) })
        #expect(outcomes[3...].allSatisfy { isAlreadyPushed($0, expired: false) })
    }

    /// Interrupted before the end: each file says what is known of it, and the same command goes on with each.
    @Test func aGroupThatIsInterruptedGoesOn() throws {
        let place = try Place()
        let paths = try files(place, 0..<8, lines: 4_000)
        place.onEvent = { event in if case .started = event { place.interrupt.set() } }
        let outcomes = place.push(paths)
        #expect(outcomes.map(\.input) == paths)
        #expect(outcomes.allSatisfy { $0.result == .failed(.interrupted) && $0.isResumable })
        #expect(outcomes[0].job != nil && outcomes[7].job == nil)
        let again = Pusher(
            place.settings, topic: place.topic, options: place.options, interrupt: Interrupt(), event: { _ in })
        var second: [PushOutcome] = []
        again.push(paths) { second.append($0) }
        again.close()
        #expect(second.allSatisfy { $0.result == .pushed && $0.records == 4_000 } && second[0].job == outcomes[0].job)
        try expectWhole(try place.content(), second, lines: 4_000)
        #expect(place.interrupt.isSet)
    }

    /// Half-pushed files, new ones and pushed ones in one group.
    @Test func halfPushedFilesAmongOthers() throws {
        let place = try Place()
        let paths = try files(place, 0..<9)
        let pushed = place.push(Array(paths[..<6]))
        let journal = Journal(directory: place.directory.path("state"))
        for (number, outcome) in pushed.enumerated() where number < 4 {
            let entry = try #require(
                try journal.entry(cluster: outcome.ends!.cluster, topic: place.topic, job: outcome.job!))
            var half = entry
            half.state = .open
            half.ends = nil
            // As if nothing had been acknowledged behind the start marker, or nothing at all.
            for partition in half.partitions.indices where partition % 2 == number % 2 {
                half.partitions[partition] =
                    number < 2 ? nil : half.partitions[partition].map { Acknowledged(first: $0.first, last: $0.first) }
            }
            try journal.write([half])
        }
        let outcomes = place.push(paths.reversed())
        #expect(outcomes.map(\.result).count { $0 == .pushed } == 7)
        #expect(isAlreadyPushed(outcomes[3]) && isAlreadyPushed(outcomes[4]))
        let content = try place.content()
        try expectWhole(content, outcomes)
        let runs = try content.starts(of: pushed[0].job!).map(\.runAt)
        #expect(Set(runs).count == 1, "still the same run")
        #expect(place.push(paths).allSatisfy { isAlreadyPushed($0) })
    }

    /// What stops one group stops the others, also a file that was prepared meanwhile: here one that is small as it lies.
    @Test func whatStopsOneGroupStopsTheOthers() throws {
        let place = try Place()
        let paths = try files(place, 0..<2)
        let plain = try place.file("plain", lines: 60_000)
        let large = place.directory.path("large.jsonl.gz")
        try run("/bin/sh", ["-c", "gzip -c < '\(plain)' > '\(large)'"])
        #expect(try Data(contentsOf: URL(fileURLWithPath: large)).count < 1 << 20)
        let pusher = Pusher(
            place.settings, topic: place.topic, options: place.options, interrupt: place.interrupt, event: { _ in })
        defer { pusher.close() }
        let stop = PipelineError.configuration("the unique key is another one")
        var calls = 0
        pusher.beforeSending = { () throws(PipelineError) in
            calls += 1
            throw stop
        }
        var outcomes: [PushOutcome] = []
        pusher.push([paths[0], large, paths[1]]) { outcomes.append($0) }
        #expect(outcomes.map(\.input) == [paths[0], large, paths[1]])
        #expect(outcomes.allSatisfy { $0.result == .failed(stop) && $0.job == nil })
        #expect(calls == 1)
        #expect(try place.content().messages.isEmpty)
    }

    @Test func againMakesOtherJobsOfAllFiles() throws {
        let place = try Place()
        let paths = try files(place, 0..<5)
        let first = place.push(paths + [paths[0]])
        place.options.again = true
        let second = place.push(paths + [paths[0]])
        #expect(second.allSatisfy { $0.result == .pushed })
        #expect(Set(first.map(\.job) + second.map(\.job)).count == 11)
        try expectWhole(try place.content(), second)
    }

    /// The topic is made anew while a group is sent: all of it is sent again, the pushed ones too.
    @Test func aTopicCreatedAgainWhileAGroupIsSent() throws {
        let place = try Place()
        let paths = try files(place, 0..<7, lines: 10_000)
        _ = place.push(paths[3])
        var isCreatedAgain = false
        place.onEvent = { event in
            guard case .started = event, !isCreatedAgain else { return }
            isCreatedAgain = true
            do { try place.createAgain() } catch { Issue.record(error) }
        }
        let outcomes = place.push(paths)
        #expect(outcomes.allSatisfy { $0.result == .pushed }, "\(outcomes.map(\.result))")
        try expectWhole(try place.content(), outcomes, lines: 10_000)
    }
}
