// The journal: what it keeps, and that nothing found in its place can stop a push.

import Foundation
import Pipeline
import Records
import TestSupport
import Testing

@Suite struct JournalTests {
    private let directory: TemporaryDirectory
    private let journal: Journal
    private let job = JobID(high: 0x1234_5678_9ABC_DEF0, low: 42)

    init() throws {
        directory = try TemporaryDirectory()
        journal = Journal(directory: directory.path("state/deep"))
    }

    private func entry(cluster: String = "c1", topic: String = "users", job: JobID? = nil) -> JournalEntry {
        var entry = JournalEntry(
            cluster: cluster, topic: topic, job: job ?? self.job, path: "/data/a.csv", label: "nightly",
            contentHash: ContentHash(high: 1, low: 2), size: 100, runAt: Date(timeIntervalSince1970: 1_795_000_000.125),
            nonce: [1, 2, 3], partitions: 2)
        entry.partitions[1] = Acknowledged(
            first: LogPosition(seq: 0, offset: 7), last: LogPosition(seq: 3, offset: 10))
        entry.position = 55
        return entry
    }

    private func file(_ entry: JournalEntry) -> String {
        directory.path("state/deep/\(entry.cluster)/\(entry.topic)/\(entry.job.text).json")
    }

    @Test func givesBackWhatWasWritten() throws {
        #expect(try journal.entry(cluster: "c1", topic: "users", job: job) == nil)
        try journal.write([entry()])
        #expect(try journal.entry(cluster: "c1", topic: "users", job: job) == entry())
        var later = entry()
        later.state = .pushed
        later.partitions[0] = later.partitions[1]
        later.ends = [2, 2].map { EndMarker(lastSeq: $0, records: $0, digest: 9) }
        try journal.write([later])
        #expect(try journal.entry(cluster: "c1", topic: "users", job: job) == later)
        let left = try FileManager.default.contentsOfDirectory(atPath: directory.path("state/deep/c1/users"))
        #expect(left == ["\(job.text).json"])
    }

    @Test func clusterAndTopicAreApart() throws {
        try journal.write([entry()])
        #expect(try journal.entry(cluster: "c2", topic: "users", job: job) == nil)
        #expect(try journal.entry(cluster: "c1", topic: "other", job: job) == nil)
    }

    /// What a crash or somebody else left beside an entry is replaced, and no link is followed.
    @Test func leftoversAreReplaced() throws {
        try journal.write([entry()])
        let other = directory.path("other")
        try Data("mine".utf8).write(to: URL(fileURLWithPath: other))
        try FileManager.default.createSymbolicLink(atPath: file(entry()) + ".new", withDestinationPath: other)
        try journal.write([entry()])
        #expect(try Data(contentsOf: URL(fileURLWithPath: other)) == Data("mine".utf8))
        let type = try FileManager.default.attributesOfItem(atPath: file(entry()))[.type]
        #expect(type as? FileAttributeType == .typeRegular)
        #expect(try journal.entry(cluster: "c1", topic: "users", job: job) == entry())
    }

    /// A cluster's id is any text: it must not lead out of the directory.
    @Test(arguments: ["../../x", "a/b", ".", "..", "ü", ""]) func namesAreOnlyNames(cluster: String) throws {
        try journal.write([entry(cluster: cluster)])
        #expect(try journal.entry(cluster: cluster, topic: "users", job: job)?.cluster == cluster)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["state"])
    }

    @Test(arguments: ["", "{", "nonsense", "[]", "{\"version\":1}", "\u{0}\u{0}\u{0}\u{0}"])
    func tornFilesAreSaid(content: String) throws {
        try journal.write([entry()])
        try Data(content.utf8).write(to: URL(fileURLWithPath: file(entry())))
        let path = file(entry())
        #expect(throws: JournalError(message: "\(path) is damaged, or of another version")) {
            try journal.entry(cluster: "c1", topic: "users", job: job)
        }
        #expect(journal.find(slugPrefix: job.slug).isEmpty)
    }

    @Test func everyTornLengthIsSaid() throws {
        try journal.write([entry()])
        let whole = try Data(contentsOf: URL(fileURLWithPath: file(entry())))
        for count in 0..<whole.count {
            try whole.prefix(count).write(to: URL(fileURLWithPath: file(entry())))
            #expect(throws: JournalError.self) { try journal.entry(cluster: "c1", topic: "users", job: job) }
        }
    }

    /// JSON, but not what this program can have written.
    @Test func impossibleEntriesAreSaid() throws {
        let changes: [(inout JournalEntry) -> Void] = [
            { $0.version = 2 },
            { $0.partitions[1]!.first.offset = -1 },
            { $0.partitions[1]!.last.offset = 6 },
            { $0.partitions[1]!.first.seq = 4 },
            { $0.partitions[1]!.last.seq = .max },
            { $0.state = .pushed },
            { $0.partitions = [] },
            { $0.partitions[1]!.last.seq = 1 << 53 + 1 },
            { $0.partitions[1]!.last.offset = .max },
            { $0.position = .max },
            { $0.size = .max },
            { $0.runAt = Date(timeIntervalSince1970: 9_500_000_000_000) },
            { $0.runAt = Date(timeIntervalSince1970: -1) },
            { $0.ends = [.max, 1].map { EndMarker(lastSeq: $0, records: 1, digest: 0) } },
            { $0.ends = [0, 1].map { EndMarker(lastSeq: $0, records: .max, digest: 0) } },
            { $0.ends = [EndMarker(lastSeq: 0, records: 0, digest: 0)] },
            {
                $0.state = .pushed
                $0.partitions[0] = $0.partitions[1]
                $0.ends = [2, .max].map { EndMarker(lastSeq: $0, records: 2, digest: 0) }
            },
            {
                $0.state = .pushed; $0.ends = [EndMarker(lastSeq: 2, records: 2, digest: 0)]
            },
        ]
        for change in changes {
            var broken = entry()
            change(&broken)
            try journal.write([broken])
            #expect(throws: JournalError.self) { try journal.entry(cluster: "c1", topic: "users", job: job) }
        }
    }

    /// Any number in place of any other: the entry is absent, or one that a push can use.
    @Test(arguments: ["-1", "1e300", "18446744073709551615", "9223372036854775807", "4503599627370497.5", "null", "[]"])
    func anyNumberInPlaceOfAnother(number: String) throws {
        var whole = entry()
        whole.state = .pushed
        whole.partitions[0] = whole.partitions[1]
        whole.ends = [2, 2].map { EndMarker(lastSeq: $0, records: $0, digest: 9) }
        try journal.write([whole])
        let json = try String(contentsOfFile: file(whole), encoding: .utf8)
        for match in json.matches(of: /[\[:,]-?[0-9.]+/) {
            var changed = json
            changed.replaceSubrange(json.index(after: match.range.lowerBound)..<match.range.upperBound, with: number)
            try Data(changed.utf8).write(to: URL(fileURLWithPath: file(whole)))
            guard let found = try? journal.entry(cluster: "c1", topic: "users", job: job) else { continue }
            for (partition, range) in found.partitions.enumerated() {
                #expect((range?.last.seq ?? 0) <= 1 << 53 && (found.ends?[partition].lastSeq ?? 0) < 1 << 53)
            }
        }
    }

    @Test(.timeLimit(.minutes(1))) func aFIFOInItsPlaceHoldsNobodyUp() throws {
        try journal.write([entry()])
        try FileManager.default.removeItem(atPath: file(entry()))
        mkfifo(file(entry()), 0o600)
        #expect(throws: JournalError.self) { try journal.entry(cluster: "c1", topic: "users", job: job) }
    }

    /// The file of one job under the name of another.
    @Test func anotherJobsEntryIsSaid() throws {
        try journal.write([entry()])
        let other = JobID(high: 1, low: 1)
        try FileManager.default.moveItem(atPath: file(entry()), toPath: file(entry(job: other)))
        #expect(throws: JournalError.self) { try journal.entry(cluster: "c1", topic: "users", job: other) }
    }

    @Test func aPlaceThatCannotBeWrittenIsSaid() throws {
        try directory.write("state", "a file where the directory should be")
        let path = directory.path("state/deep/c1/users")
        #expect(throws: JournalError(message: "cannot make \(path): Not a directory")) { try journal.write([entry()]) }
    }

    @Test func aPlaceThatCannotBeReadIsSaid() throws {
        try FileManager.default.createDirectory(atPath: file(entry()), withIntermediateDirectories: true)
        #expect(throws: JournalError.self) { try journal.entry(cluster: "c1", topic: "users", job: job) }
        #expect(throws: JournalError.self) { try journal.write([entry()]) }
    }

    @Test func findsSlugsInEveryTopic() throws {
        let other = JobID(high: 5, low: 5)
        try journal.write([entry()])
        try journal.write([entry(topic: "second")])
        try journal.write([entry(cluster: "c2", job: other)])
        #expect(journal.find(slugPrefix: job.slug).map(\.topic).sorted() == ["second", "users"])
        #expect(journal.find(slugPrefix: job.slug.uppercased()).count == 2)
        #expect(journal.find(slugPrefix: other.text).map(\.cluster) == ["c2"])
        #expect(journal.find(slugPrefix: "zzzzzz").isEmpty)
        #expect(Journal(directory: directory.path("nowhere")).find(slugPrefix: "").isEmpty)
    }

    @Test func entriesOfATopic() throws {
        try journal.write([entry()])
        try journal.write([entry(topic: "second")])
        #expect(journal.entries(cluster: "c1", topic: "users") { $0.nonce != nil }.count == 1)
        #expect(journal.entries(cluster: "c1", topic: "users") { $0.nonce == nil }.isEmpty)
    }

    @Test(
        arguments: [
            (["USERLOAD_STATE_DIR": "/a", "STATE_DIRECTORY": "/b", "HOME": "/h"], "/a"),
            (["STATE_DIRECTORY": "/b:/c", "XDG_STATE_HOME": "/x", "HOME": "/h"], "/b"),
            (["XDG_STATE_HOME": "/x", "HOME": "/h"], "/x/userload"),
            (["XDG_STATE_HOME": "relative", "HOME": "/h"], "/h/.local/state/userload"),
            (["USERLOAD_STATE_DIR": "", "HOME": "/h"], "/h/.local/state/userload"),
            ([:], nil),
        ] as [([String: String], String?)])
    func whereItLies(environment: [String: String], directory: String?) {
        #expect(Journal.directory(environment: environment) == directory)
    }
}
