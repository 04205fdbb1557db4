// What a worker asks of jobs whose messages come: once for many of them.

import FoundationEssentials
import Records
import Testing

@testable import Pipeline

@Suite struct JobDirectoryTests {
    private final class Database {
        var known: [JobID: KnownProgress] = [:]
        private(set) var questions: [(jobs: [JobID], partitions: [Int32])] = []

        func ask(_ jobs: [JobID], _ partitions: [Int32]) -> [JobID: KnownProgress] {
            questions.append((jobs, partitions))
            return known.filter { jobs.contains($0.key) }
        }
    }

    private let database = Database()
    private let jobs = (1...1_000).map { JobID(high: 7, low: UInt64($0)) }

    private func directory(partitions: Int32 = 12) -> JobDirectory {
        let directory = JobDirectory(RunHistory(), databaseKey: .standard, report: { _ in }, ask: database.ask)
        directory.partitions = Array(0..<partitions)
        return directory
    }

    /// Jobs of the messages that come next, in all partitions that are read.
    @Test func oneQuestionForManyJobs() throws {
        let directory = directory()
        var upcoming = Set(jobs)
        directory.upcoming = { upcoming }
        var first = KnownProgress()
        first.places[3] = Progress(last: 7, passedOver: -1, digest: 5, ended: false, exists: true)
        database.known[jobs[4]] = first
        for partition in 0..<12 as Range<Int32> {
            for job in jobs {
                let found = try directory.progress(of: job, partition: partition)
                #expect(found.last == (job == jobs[4] && partition == 3 ? 7 : -1))
            }
        }
        #expect(database.questions.count == 1)
        #expect(Set(database.questions[0].jobs) == upcoming && database.questions[0].jobs.count == 1_000)
        #expect(database.questions[0].partitions == Array(0..<12))
        // A job is given out once in a partition: then its messages tell more than the answer did.
        upcoming = [jobs[0]]
        _ = try directory.progress(of: jobs[5], partition: 0)
        #expect(database.questions.count == 2 && database.questions[1].jobs == [jobs[5]])
    }

    @Test func whatIsForgottenIsAskedAgain() throws {
        let directory = directory()
        directory.upcoming = { [jobs[0], jobs[1]] }
        _ = try directory.progress(of: jobs[0], partition: 0)
        directory.forget([jobs[1]])
        _ = try directory.progress(of: jobs[1], partition: 1)
        _ = try directory.progress(of: jobs[0], partition: 1)
        #expect(database.questions.map(\.jobs.count) == [2, 1])
        directory.forgetAll()
        _ = try directory.progress(of: jobs[0], partition: 2)
        #expect(database.questions.count == 3)
    }

    /// In ten thousand partitions the answer for a thousand jobs could be ten million rows.
    @Test func aQuestionIsBounded() throws {
        let directory = directory(partitions: 10_000)
        directory.upcoming = { Set(jobs) }
        _ = try directory.progress(of: jobs[0], partition: 0)
        #expect(database.questions[0].jobs.count == 6 && database.questions[0].jobs[0] == jobs[0])
    }

    struct Away: Error {}

    @Test func noAnswerIsNoAnswer() throws {
        let directory = JobDirectory(RunHistory(), databaseKey: .standard, report: { _ in }) { _, _ in throw Away() }
        directory.partitions = [0]
        #expect(throws: Away.self) { try directory.progress(of: jobs[0], partition: 0) }
    }
}

@Suite struct StartMarkersTests {
    private func marker(_ job: JobID, _ path: String) -> StartMarker {
        StartMarker(
            job: job, contentHash: nil, label: nil, path: path, size: 1, host: "h", format: .csv, delimiter: nil,
            header: nil, options: [], keyFields: .standard, onDuplicate: .skip, partitions: 3, again: false,
            runAt: .init(timeIntervalSince1970: 1))
    }

    /// The same bytes are the same marker; others of the same job are looked at anew.
    @Test func markersOfEachJob() throws {
        var markers = StartMarkers()
        let (one, two) = (JobID(high: 1, low: 1), JobID(high: 1, low: 2))
        for marker in [marker(one, "/a"), marker(two, "/b"), marker(one, "/a"), marker(one, "/c"), marker(one, "/a")] {
            let bytes = try marker.encode()
            let found = withBytes(bytes) { markers.marker(marker.job, $0) }
            #expect(found == marker)
        }
        let bytes = try marker(one, "/a").encode()
        #expect(withBytes(bytes) { markers.marker(two, $0) } == nil)
        #expect(withBytes(Array("{".utf8)) { markers.marker(one, $0) } == nil)
    }
}
