// Pushing into a real Kafka: whatever is interrupted, deleted, changed or repeated, a worker that applies last + 1 only
// gets every line exactly once.

import Foundation
import Kafka
import Pipeline
import Records
import TestSupport
import Testing

@Suite(.waiting, .needsKafka) struct PusherTests {
    @Test func aFileIsPushedOnce() throws {
        let place = try Place()
        let path = try place.file(lines: 500)
        var started: [JobID] = []
        place.onEvent = { if case .started(let job) = $0 { started.append(job) } }
        let first = place.push(path)
        #expect(first.result == .pushed && first.records == 500 && first.rejects == 0)
        let job = try #require(first.job)
        #expect(started == [job])
        #expect(
            place.notices == ["created topic \(place.topic): 4 partitions, the broker's replication, kept for 7 days"])
        #expect(try place.content().applied(job).sorted() == Place.lines(500).sorted())

        let second = place.push(path)
        guard case .alreadyPushed(_, expired: false) = second.result else {
            Issue.record("\(second.result)")
            return
        }
        #expect(second.job == job)
        let content = try place.content()
        #expect(content.kinds(of: job) == [.start: 8, .record: 500, .end: 8])
        #expect(try content.applied(job).count == 500)
        let runs = Set(try content.starts(of: job).map(\.runAt))
        #expect(runs.count == 2, "the second push is a run of its own")
    }

    /// The container is not part of a job: the same content, plain and packed, is one.
    @Test func aPackedFileIsTheSameJob() throws {
        let place = try Place()
        let path = try place.directory.write("a.csv", "name,age\nAnn,30\nBen,31\n")
        try run("/bin/sh", ["-c", "cd '\(place.directory.path)' && gzip -k a.csv && zstd -q a.csv"])
        let first = place.push(path + ".gz")
        #expect(first.result == .pushed && first.records == 2 && first.bytes == 23)
        for name in [path, path + ".zst"] {
            let next = place.push(name)
            guard case .alreadyPushed = next.result else {
                Issue.record("\(name): \(next.result)")
                continue
            }
            #expect(next.job == first.job)
        }
        let job = try #require(first.job)
        let start = try #require(try place.content().starts(of: job).first)
        #expect(start.size == 23 && start.path == path + ".gz")
    }

    /// Of a file that is damaged at its end nothing is sent; of a stream what came before, marked broken.
    @Test func whatIsDamagedIsRefusedOrBroken() throws {
        let place = try Place()
        let plain = try place.file("plain", lines: 30_000)
        let path = place.directory.path("people.jsonl.gz")
        try run("/bin/sh", ["-c", "gzip -c < '\(plain)' | head -c -5 > '\(path)'"])
        let size = try Data(contentsOf: URL(fileURLWithPath: path)).count
        let words = "the gzip data is cut off at byte \(size): the file is not complete"
        let refused = place.push(path)
        #expect(refused.result == .failed(.refused(words)) && refused.job == nil)
        #expect(try !place.hasTopic())

        let fifo = place.directory.path("pipe.jsonl")
        mkfifo(fifo, 0o600)
        let writer = Background { try? run("/bin/sh", ["-c", "cat '\(path)' > '\(fifo)'"]) }
        writer.start()
        let broken = place.push(fifo)
        _ = writer.result
        #expect(broken.result == .failed(.broken(words + "; what was sent of it is marked broken")))
        let job = try #require(broken.job)
        let kinds = try place.content().kinds(of: job)
        #expect(kinds[.start] == 4 && kinds[.broken] == 4 && kinds[.end] == nil && kinds[.record] ?? 0 > 20_000)
    }

    /// Another encoding is another job, of wire version 2; the name of the encoding is part of it, and how it is packed is not.
    @Test func anEncodingIsPartOfTheJob() throws {
        let place = try Place()
        let path = try place.directory.write("a.csv", "name,age\nAnn,30\n")
        let plain = try #require(place.push(path).job)
        let sixteen = place.directory.path("b.csv")
        try run(
            "/bin/sh", ["-c", "iconv -f UTF-8 -t UTF-16 < '\(path)' > '\(sixteen)' && gzip -k '\(sixteen)'"])
        var lines: [String] = []
        place.onEvent = { if case .concluded(let line) = $0 { lines.append(line) } }
        let other = place.push(sixteen)
        let job = try #require(other.job)
        #expect(other.result == .pushed && job != plain)
        guard case .alreadyPushed = place.push(sixteen + ".gz").result else {
            Issue.record("the packed file is another job")
            return
        }
        #expect(
            lines == [
                "\(sixteen)  CSV, UTF-16, \",\": name, age", "\(sixteen).gz  CSV, UTF-16, gzip, \",\": name, age",
            ])
        // What iconv makes of it is part of it, too.
        let text = Array("name,age\nAnn,30\n".utf8)
        let day = CalendarDate(clamping: 2026, 11, 24)
        let conclusion: Conclusion = try withBytes(text) { bytes in
            try Conclusion(bytes, isWhole: true, InputFlags(), today: day)
        }
        let plan = Plan(
            input: conclusion, encoding: "UTF-16LE", keyFields: .standard, partitions: 4, onDuplicate: .skip)
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: sixteen)))
        let expected = plan.jobID(
            content: Self.hash(bytes), size: UInt64(bytes.count), decoded: Self.hash(text), label: nil, nonce: nil)
        #expect(job == expected)
        place.options.input.encoding = "latin1"
        #expect(![plain, job].contains(try #require(place.push(path).job)))
        let headers = try place.content().messages.compactMap(\.header)
        #expect(Set(headers.filter { $0.job == plain }.map(\.version)) == [1])
        #expect(Set(headers.filter { $0.job == job }.map(\.version)) == [2])
    }

    private static func hash(_ bytes: [UInt8]) -> ContentHash {
        bytes.withUnsafeBufferPointer { ContentHash(of: $0) }
    }

    /// A break of the structure is found when the stream gets there: what was sent is marked broken.
    @Test func aTruncatedArrayFromAPipeIsBroken() throws {
        let place = try Place()
        let path = try place.directory.write(
            "a.json", "[" + Place.lines(500).joined(separator: ",\n") + ",\n{\"name\": \"Bo\"")
        let refused = place.push(path)
        let words = "the JSON ends inside an object or array that began on line 501 (line 501, byte "
        guard case .failed(let error) = refused.result else {
            Issue.record("pushed")
            return
        }
        #expect(error.kind == .refused && error.message.hasPrefix(words), "\(error)")
        #expect(try !place.hasTopic())
        let fifo = place.directory.path("pipe")
        mkfifo(fifo, 0o600)
        let writer = Background { try? run("/bin/sh", ["-c", "cat '\(path)' > '\(fifo)'"]) }
        writer.start()
        let broken = place.push(fifo)
        _ = writer.result
        #expect(broken.result == .failed(.broken(error.message + "; what was sent of it is marked broken")))
        let kinds = try place.content().kinds(of: try #require(broken.job))
        #expect(kinds[.broken] == 4 && kinds[.end] == nil && kinds[.record] == 500)
    }

    /// A file that the first pass refuses makes no topic; the next one does, and both know the same one then.
    @Test func whatIsRefusedMakesNoTopic() throws {
        let place = try Place()
        let good = try place.file(lines: 3)
        place.options.limits.minRecords = 3
        let few = try place.directory.write("few.csv", "name,age\nAnn,3\n")
        let wrong = try place.directory.write("wrong.csv", "Name;Vorname;age\nLee;Ann;3\n")
        let pusher = Pusher(place.settings, topic: place.topic, options: place.options, interrupt: place.interrupt) {
            event in
            if case .notice(let sentence, _) = event { place.notices.append(sentence) }
        }
        defer { pusher.close() }
        #expect(pusher.push(few).result == .failed(.refused("has 1 record: --min-records is 3")))
        guard case .failed(let error) = pusher.push(wrong).result, error.kind == .refused else {
            Issue.record("pushed")
            return
        }
        #expect(try !place.hasTopic() && place.notices.isEmpty, "\(place.notices)")
        #expect(pusher.push(good).result == .pushed)
        #expect(pusher.push(few).result == .failed(.refused("has 1 record: --min-records is 3")))
        #expect(place.notices.count { $0.hasPrefix("created topic \(place.topic)") } == 1, "\(place.notices)")
        #expect(try place.hasTopic())
    }

    /// A pipe that is compressed and has nothing more for now: what came is pushed, and SIGTERM ends the command.
    @Test func aCompressedPipeThatStops() throws {
        let place = try Place()
        let plain = try place.file("plain", lines: 100)
        let path = place.directory.path("people.gz")
        try run("/bin/sh", ["-c", "gzip -c < '\(plain)' > '\(path)'"])
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        let writer = FileHandle(fileDescriptor: ends[1], closeOnDealloc: true)
        let child = try place.command("--format", "jsonl", "-", input: .descriptor(ends[0]))
        try writer.write(contentsOf: try Data(contentsOf: URL(fileURLWithPath: path)))
        try child.wait(for: "\n", on: .stdout)
        try waitUntil { try place.content().messages.count { $0.header?.kind == .record } == 100 }
        child.send(SIGTERM)
        let result = try child.wait(.seconds(10))
        #expect(result.code == 130, "\(result)")
        try writer.close()
    }

    @Test func rejectsTravelToo() throws {
        let place = try Place()
        let path = try place.directory.write("a.csv", "name,age\nAnn,30\nBen,abc\nragged\n")
        let outcome = place.push(path)
        #expect(outcome.result == .pushed && outcome.records == 3 && outcome.rejects == 2)
        #expect(outcome.errors.map(\.code) == ["not_an_integer", "ragged_row"])
        #expect(outcome.errors.flatMap(\.examples).map(\.line) == [3, 4] && outcome.form == .csv)
        let job = try #require(outcome.job)
        let content = try place.content()
        #expect(content.kinds(of: job) == [.start: 4, .record: 1, .raw: 2, .end: 4])
        #expect(try content.applied(job).contains("Ben,abc"))
        #expect(content.messages.count { $0.errors != nil } == 2)
    }

    @Test func aFileWithoutRecordsIsAJob() throws {
        let place = try Place()
        let outcome = place.push(try place.directory.write("a.csv", "name,age\n"))
        #expect(outcome.result == .pushed && outcome.records == 0)
        #expect(try place.content().applied(try #require(outcome.job)) == [])
    }

    /// kill -9 at random moments, until the command ends by itself.
    @Test(arguments: ["cat", "gzip -c", "zstd -q -c", "iconv -f UTF-8 -t UTF-16"])
    func killedAtAnyMoment(form: String) throws {
        let place = try Place()
        let plain = try place.file("plain", lines: 60_000)
        let path = place.directory.path("people.jsonl" + (form.hasPrefix("gzip") ? ".gz" : ""))
        try run("/bin/sh", ["-c", "\(form) < '\(plain)' > '\(path)'"])
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SplitMix(state: seed)
        var kills = 0
        var slug = ""
        while true {
            let child = try place.command(path)
            if kills < 6 {
                if kills > 0 { try? child.wait(for: "\n", on: .stdout) }
                usleep(.random(in: 0..<1_000_000, using: &random))
                child.send(SIGKILL)
            }
            let result = try child.wait()
            if !result.stdout.isEmpty {
                #expect(slug.isEmpty || result.stdout == slug)
                slug = result.stdout
            }
            if result.ending == .signal(SIGKILL) {
                kills += 1
                continue
            }
            #expect(result.code == 0, "seed \(seed): \(result)")
            break
        }
        let content = try place.content()
        let job = try #require(content.messages.first?.header?.job)
        #expect(slug == job.slug + "\n")
        #expect(try content.applied(job).sorted() == Place.lines(60_000).sorted(), "seed \(seed)")
    }

    @Test func anInterruptedPushGoesOn() throws {
        let place = try Place()
        let path = try place.file(lines: 200_000)
        let first = place.pushInterrupted(path, beyond: 3_000_000)
        #expect(first.result == .failed(.interrupted))
        #expect(first.acknowledged > 50_000 && first.acknowledged < 200_000 && first.isResumable)

        let pusher = Pusher(
            place.settings, topic: place.topic, options: place.options, interrupt: Interrupt(), event: { _ in })
        let second = pusher.push(path)
        pusher.close()
        #expect(second.result == .pushed && second.job == first.job && second.records == 200_000)
        let job = try #require(second.job)
        let content = try place.content()
        #expect(try content.applied(job).count == 200_000)
        #expect(content.kinds(of: job)[.record]! <= 200_000 + 8_192, "what Kafka had was sent again")
        #expect(Set(try content.starts(of: job).map(\.runAt)).count == 1, "still the same run")
    }

    @Test func withoutAJournalEverythingIsSentAgain() throws {
        let place = try Place()
        let path = try place.file(lines: 100)
        let first = place.push(path)
        try FileManager.default.removeItem(atPath: place.directory.path("state"))
        let second = place.push(path)
        #expect(second.result == .pushed && second.job == first.job)
        let content = try place.content()
        #expect(content.kinds(of: first.job!)[.record] == 200)
        #expect(try content.applied(first.job!).count == 100)
    }

    @Test func aDamagedJournalIsSaid() throws {
        let place = try Place()
        let path = try place.file(lines: 10)
        _ = place.push(path)
        let files = FileManager.default.enumerator(atPath: place.directory.path("state"))!.map { "\($0)" }
        let entry = try #require(files.first { $0.hasSuffix(".json") })
        try place.directory.write("state/" + entry, "{\"version\":1,")
        place.notices = []
        #expect(place.push(path).result == .pushed)
        #expect(
            place.notices == [
                "\(place.directory.path("state/" + entry)) is damaged, or of another version: it counts as absent, "
                    + "everything is sent"
            ])
    }

    @Test func aJournalThatCannotBeWrittenIsSaid() throws {
        let place = try Place()
        let path = try place.file(lines: 10)
        place.options.stateDirectory = try place.directory.write("occupied", "")
        #expect(place.push(path).result == .pushed)
        #expect(place.notices.count == 4)
        #expect(
            place.notices[1].hasSuffix(
                "Not a directory; nothing keeps a second push of the same file from sending it, too"))
        #expect(place.notices[2].hasSuffix("Not a directory: it counts as absent, everything is sent"))
        #expect(
            place.notices.last?.hasSuffix(
                "Not a directory; if this push stops half-way, the next one sends everything again") == true)
    }

    @Test func aTopicCreatedAgainBetweenRuns() throws {
        let place = try Place()
        let path = try place.file(lines: 100)
        let first = place.push(path)
        try place.createAgain()
        place.notices = []
        let second = place.push(path)
        #expect(second.result == .pushed && second.job == first.job)
        #expect(
            place.notices == [
                "topic \(place.topic) is not the one this job went to before (created again?): everything is sent again"
            ])
        #expect(try place.content().applied(first.job!).count == 100)
    }

    @Test func aTopicCreatedAgainWhilePushing() throws {
        let place = try Place()
        let path = try place.file(lines: 300_000)
        var isCreatedAgain = false
        place.onEvent = { event in
            if case .progress(let progress) = event, progress.phase == .sending, progress.bytes > 0, !isCreatedAgain {
                isCreatedAgain = true
                do { try place.createAgain() } catch { Issue.record(error) }
            }
        }
        let outcome = place.push(path)
        #expect(isCreatedAgain && outcome.result == .pushed, "\(outcome)")
        #expect(try place.content().applied(try #require(outcome.job)).count == 300_000)
    }

    @Test func aPushedJobThatExpired() throws {
        let place = try Place()
        let path = try place.file(lines: 100)
        let first = place.push(path)
        try place.expire()
        let second = place.push(path)
        guard case .alreadyPushed(_, expired: true) = second.result else {
            Issue.record("\(second.result)")
            return
        }
        #expect(try place.content().kinds(of: first.job!) == [.start: 4, .end: 4])
    }

    @Test func anUnfinishedJobThatExpired() throws {
        let place = try Place()
        let path = try place.file(lines: 200_000)
        let first = place.pushInterrupted(path)
        #expect(first.result == .failed(.interrupted))
        try place.expire()
        var notices: [String] = []
        let pusher = Pusher(place.settings, topic: place.topic, options: place.options, interrupt: Interrupt()) {
            if case .notice(let sentence, _) = $0 { notices.append(sentence) }
        }
        let second = pusher.push(path)
        pusher.close()
        #expect(second.result == .pushed && second.job == first.job)
        #expect(
            notices == [
                "what was sent before has expired from 4 of 4 partitions of \(place.topic); these are sent from their start"
            ])
    }

    @Test func aFileThatChangesIsBroken() throws {
        let place = try Place()
        let path = try place.file(lines: 2000)
        place.onEvent = { event in
            guard case .started = event else { return }
            let handle = FileHandle(forWritingAtPath: path)!
            try! handle.seekToEnd()
            try! handle.write(contentsOf: Data("{\"name\": \"Late\", \"age\": 1}\n".utf8))
            try! handle.close()
        }
        let outcome = place.push(path)
        #expect(outcome.result == .failed(.broken("changed while it was read; what was sent of it is marked broken")))
        let content = try place.content()
        #expect(content.kinds(of: outcome.job!) == [.start: 4, .record: 2001, .broken: 4])
    }

    @Test func aFileThatChangesBeforeItIsReadAgainIsBroken() throws {
        let place = try Place()
        let path = try place.directory.write("a.csv", "name,age\nAnn,30\n")
        place.onEvent = { if case .started = $0 { try! place.directory.write("a.csv", "age,name\n30,Ann\n") } }
        let outcome = place.push(path)
        guard case .failed(let error) = outcome.result, error.kind == .broken else {
            Issue.record("\(outcome.result)")
            return
        }
        #expect(try place.content().kinds(of: outcome.job!) == [.start: 4, .broken: 4])
    }

    @Test func againMakesAnotherJob() throws {
        let place = try Place()
        let path = try place.file(lines: 10)
        let first = place.push(path)
        place.options.again = true
        let second = place.push(path)
        let third = place.push(path)
        #expect(Set([first.job, second.job, third.job]).count == 3)
        place.options.resend = true
        let fourth = place.push(path)
        #expect(fourth.job == third.job)
        let content = try place.content()
        #expect(try content.starts(of: second.job!).allSatisfy(\.again))
        #expect(try content.starts(of: second.job!).first?.options == ["--again", path])
        for outcome in [first, second, third] { #expect(try content.applied(outcome.job!).count == 10) }
    }

    @Test func anUnfinishedAgainGoesOn() throws {
        let place = try Place()
        let path = try place.file(lines: 200_000)
        place.options.again = true
        let first = place.pushInterrupted(path)
        #expect(first.result == .failed(.interrupted))
        let pusher = Pusher(
            place.settings, topic: place.topic, options: place.options, interrupt: Interrupt(), event: { _ in })
        let second = pusher.push(path)
        let third = pusher.push(path)
        pusher.close()
        #expect(second.job == first.job && second.result == .pushed)
        #expect(third.job != first.job)
        #expect(try place.content().applied(first.job!).count == 200_000)
    }

    @Test func resendSendsTheSameJob() throws {
        let place = try Place()
        let path = try place.file(lines: 10)
        let first = place.push(path)
        place.options.resend = true
        let second = place.push(path)
        #expect(second.job == first.job && second.result == .pushed)
        let content = try place.content()
        #expect(content.kinds(of: first.job!)[.record] == 20)
        #expect(try content.applied(first.job!).count == 10)
    }

    @Test func aLabelIsAnotherJob() throws {
        let place = try Place()
        let path = try place.file(lines: 10)
        let first = place.push(path)
        place.options.label = "nightly"
        let second = place.push(path)
        #expect(first.job != second.job)
        let start = try place.content().starts(of: second.job!).first
        #expect(start?.label == "nightly" && start?.options == ["--label", "nightly", path])
        #expect(start?.path == path && start?.contentHash != nil && start?.partitions == 4)
    }

    @Test func aFIFOIsReadOnce() throws {
        let place = try Place()
        let path = place.directory.path("pipe.jsonl")
        mkfifo(path, 0o600)
        let writer = Thread {
            let handle = FileHandle(forWritingAtPath: path)!
            for line in Place.lines(1000) { try! handle.write(contentsOf: Data((line + "\n").utf8)) }
            try! handle.close()
        }
        writer.start()
        let outcome = place.push(path)
        #expect(outcome.result == .pushed && outcome.records == 1000 && !outcome.isResumable)
        #expect(try place.content().applied(outcome.job!).sorted() == Place.lines(1000).sorted())
    }

    @Test func standardInputAndItsWords() throws {
        let place = try Place()
        let text = Place.lines(3).map { $0 + "\n" }.joined()
        let result = try place.command("--format", "jsonl", "-", input: .bytes(Array(text.utf8))).wait()
        #expect(result.code == 0 && result.stdout.count == 9, "\(result)")
        let bare = try place.command("-", input: .bytes(Array(text.utf8))).wait()
        #expect(bare.code == 0 && bare.stdout.count == 9, "\(bare)")
        let usage = try place.command("-", "-").wait()
        #expect(usage.code == 2 && usage.stdout.isEmpty, "\(usage)")
    }

    @Test func oneBadFileDoesNotStopTheOthers() throws {
        let place = try Place()
        let good = try place.file(lines: 3)
        let bad = try place.directory.write("b.csv", "name,alters,email\n")
        let result = try place.command(bad, place.directory.path("none.csv"), good).wait()
        #expect(result.code == 5)
        let lines = result.stdout.split(separator: "\n")
        #expect(lines.count == 3 && lines[0] == "-" && lines[1] == "-" && lines[2].count == 8)
        #expect(result.stderr.contains("refused: no column age (line 1: name, alters, email); nothing sent\n"))
        #expect(result.stderr.contains("refused: no such file or directory; nothing sent\n"))
    }

    @Test func aTopicThatLosesRecordsIsRefused() throws {
        for (setting, words) in [
            (
                "cleanup.policy=compact",
                "is compacted (cleanup.policy): it loses records; set cleanup.policy=delete on it"
            ),
            (
                "max.message.bytes=1048588",
                "takes messages of at most 1048588 bytes; set its max.message.bytes to 1064960"
            ),
        ] {
            let place = try Place()
            try place.topics("--create", "--partitions", "1", "--config", setting)
            let outcome = place.push(try place.file(lines: 1))
            #expect(outcome.result == .failed(.configuration("topic \(place.topic) \(words)")))
            #expect(outcome.job == nil)
        }
    }

    @Test func theTopicItMakes() throws {
        let place = try Place()
        place.options.partitions = nil
        place.options.retention = .seconds(3600)
        #expect(place.push(try place.file(lines: 1)).result == .pushed)
        let admin = try Admin(place.settings)
        defer { admin.close() }
        let found = try admin.configuration(of: place.topic)
        #expect(try admin.partitions(of: place.topic) == 12)
        #expect(found["cleanup.policy"] == "delete" && found["retention.ms"] == "3600000")
        #expect(found["message.timestamp.type"] == "LogAppendTime" && found["max.message.bytes"] == "1064960")
    }

    @Test func aBrokerThatIsAway() throws {
        let place = try Place()
        place.options.stallTimeout = .seconds(2)
        let settings = ClientSettings(brokers: "127.0.0.1:\(try freeLoopbackPort())")
        let pusher = Pusher(settings, topic: "users", options: place.options, interrupt: Interrupt(), event: { _ in })
        defer { pusher.close() }
        let path = try place.file(lines: 1)
        guard case .failed(let error) = pusher.push(path).result, error.kind == .kafka, case let words = error.message
        else {
            Issue.record("pushed to nobody")
            return
        }
        #expect(words.hasPrefix("Kafka did not answer for 2 seconds: "))
        let begin = ContinuousClock.now
        guard case .failed(let error) = pusher.push(path).result, error.kind == .kafka else {
            Issue.record("pushed to nobody")
            return
        }
        #expect(ContinuousClock.now - begin < .seconds(1), "the next file does not wait again")
    }

    /// Deleted under a push: 2.0.2's reader of it never ends, and no acknowledgement comes any more.
    @Test func aTopicThatIsDeletedWhilePushingEndsThePush() throws {
        let place = try Place()
        place.options.stallTimeout = .seconds(5)
        let path = try place.file(lines: 300_000)
        var isDeleted = false
        place.onEvent = { event in
            if case .progress(let progress) = event, progress.phase == .sending, progress.bytes > 0, !isDeleted {
                isDeleted = true
                do { try place.topics("--delete") } catch { Issue.record(error) }
            }
        }
        let begin = ContinuousClock.now
        let outcome = place.push(path)
        try #require(isDeleted, "it was faster than the first look at the clock")
        guard case .failed(let error) = outcome.result, error.kind == .kafka else {
            Issue.record("\(outcome.result)")
            return
        }
        // A hang would be for ever: 5 s of stall timeout, and ten sessions at most.
        #expect(ContinuousClock.now - begin < .seconds(120))
    }

    /// The same by SIGTERM, at any moment of what follows.
    @Test func aTopicThatIsDeletedWhilePushingDoesNotHoldUpSIGTERM() throws {
        let place = try Place()
        let path = try place.file(lines: 600_000)
        let child = try place.command(path, "--stall-timeout", "5m")
        try child.wait(for: "\n", on: .stdout)
        try place.topics("--delete")
        child.send(SIGTERM)
        let begin = ContinuousClock.now
        let result = try child.wait()
        #expect(result.code == 130 || result.code == 0, "\(result)")
        #expect(ContinuousClock.now - begin < .seconds(30))
    }

    /// A process that was stopped for longer than its stall timeout does not give up when it wakes.
    @Test func aStoppedProcessDoesNotGiveUpWhenItWakes() throws {
        let place = try Place()
        let server = try KafkaServer.start()
        let path = try place.file(lines: 300_000)
        let child = try ChildProcess(
            Userload.binary, ["push", "--stall-timeout", "4s", path],
            environment: [
                "KAFKA_BROKER": server.bootstrapServers, "KAFKA_TOPIC": "users",
                "USERLOAD_STATE_DIR": place.directory.path("state"), "SWIFT_BACKTRACE": "enable=no",
            ])
        try child.wait(for: "\n", on: .stdout)
        // Something is on its way that is not acknowledged.
        server.pause()
        child.send(SIGSTOP)
        // The time that must not count.
        sleep(6)
        child.send(SIGCONT)
        // It looks at the clock; a second counts.
        usleep(500_000)
        server.resume()
        let result = try child.wait()
        #expect(result.code == 0, "\(result)")
    }

    /// A stopped broker, then nothing for the stall timeout; later the same command resumes.
    @Test func aBrokerThatStopsAnswering() throws {
        let place = try Place()
        let server = try KafkaServer.start()
        place.options.stallTimeout = .seconds(3)
        let path = try place.file(lines: 100_000)
        let settings = ClientSettings(brokers: server.bootstrapServers)
        var isPaused = false
        let first = Pusher(settings, topic: "users", options: place.options, interrupt: Interrupt()) { event in
            if case .progress(let progress) = event, progress.phase == .sending, !isPaused {
                isPaused = true
                server.pause()
            }
        }
        let stopped = first.push(path)
        first.close()
        server.resume()
        guard isPaused else { return }  // it was faster than the first look at the clock
        guard case .failed(let error) = stopped.result, error.kind == .kafka, case let words = error.message else {
            Issue.record("\(stopped.result)")
            return
        }
        #expect(words.hasPrefix("no acknowledgement for 3 seconds"))
        place.options.stallTimeout = .seconds(60)
        let second = Pusher(settings, topic: "users", options: place.options, interrupt: Interrupt(), event: { _ in })
        let outcome = second.push(path)
        second.close()
        #expect(outcome.result == .pushed && outcome.job == stopped.job)
        #expect(try TopicContent(settings, topic: "users").applied(outcome.job!).count == 100_000)
    }
}
