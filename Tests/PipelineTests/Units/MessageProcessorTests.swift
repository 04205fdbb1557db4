// From a message to a row, a reject or nothing, without a server: what the topic may hold, honest and hostile.

import FoundationEssentials
import Records
import Testing

@testable import Pipeline

private struct TestMessage: TopicMessage {
    var partition: Int32 = 0
    var offset: Int64
    var timestamp: Int64 = 1_700_000_000_000
    var key: Bytes?
    var value: Bytes?
    var headers: [String: Bytes] = [:]

    func header(_ name: StaticString) -> Bytes? { headers["\(name)"] }
}

/// A processor with one partition and one batch; the database knows what `known` says.
private final class Bench: ProgressSource {
    var known: [JobID: Progress] = [:]
    var isAway = false
    var waits = false
    private(set) var asked: [JobID] = []
    private(set) var forgotten: [JobID] = []
    private(set) var touchedJobs: Set<JobID> = []
    private(set) var passedOverJobs: [JobID: PassOverReason] = [:]

    let state: PartitionState
    let builder = BatchBuilder(Batch())
    private(set) var processor: MessageProcessor?
    private var offset: Int64 = 0
    // Messages are views; their bytes live as long as the test.
    private var memory: [UnsafeMutableBufferPointer<UInt8>] = []

    init(anchor: Anchor? = nil, key: KeyFields = .standard) {
        state = PartitionState(Position(partition: 0, generation: 1, nextOffset: 0, anchor: anchor), lane: 0)
        processor = MessageProcessor(keyFields: key, source: self)
    }

    deinit { memory.forEach { $0.deallocate() } }

    func end() { processor = nil }

    struct Away: Error {}

    func progress(of job: JobID, partition: Int32) throws -> Progress {
        if isAway { throw Away() }
        asked.append(job)
        return known[job] ?? Progress()
    }

    func forget(_ jobs: [JobID]) { forgotten += jobs }
    func touched(_ job: JobID) { touchedJobs.insert(job) }
    func mustWait(_ marker: StartMarker) throws -> Bool {
        if isAway { throw Away() }
        return waits
    }
    func passedOver(_ job: JobID, _ reason: PassOverReason) { passedOverJobs[job] = reason }

    func bytes(_ content: [UInt8]) -> Bytes {
        let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: content.count)
        _ = buffer.initialize(from: content)
        memory.append(buffer)
        return Bytes(buffer)
    }

    /// Takes a message with these headers.
    func take(_ value: [UInt8]?, header: [UInt8]? = nil, errors: [UInt8]? = nil) throws {
        var headers: [String: Bytes] = [:]
        if let header { headers["\(WireHeader.name)"] = bytes(header) }
        if let errors { headers["\(WireHeader.errorsName)"] = bytes(errors) }
        let message = TestMessage(offset: offset, value: value.map(bytes), headers: headers)
        offset += 1
        try processor?.take(message, state, into: builder)
    }

    func take(
        _ kind: MessageKind, _ seq: UInt64, _ value: String = person, job: JobID = job, errors: String? = nil,
        mode: OnDuplicate = .skip
    ) throws {
        let header = [UInt8](unsafeUninitializedCapacity: WireHeader.maximumSize) { buffer, count in
            count = WireHeader(kind: kind, job: job, seq: seq, line: 7, offset: 70, length: 17, onDuplicate: mode)
                .encode(to: buffer.baseAddress!)
        }
        try take(Array(value.utf8), header: header, errors: errors.map { Array($0.utf8) })
    }

    func start(key: KeyFields = .standard, mode: OnDuplicate = .skip, job: JobID = job) throws {
        let marker = StartMarker(
            job: job, contentHash: nil, label: nil, path: "/a", size: nil, host: "h", format: .jsonl, delimiter: nil,
            header: nil, options: ["/a"], keyFields: key, onDuplicate: mode, partitions: 1, again: false,
            runAt: .init(timeIntervalSince1970: 1_700_000_000))
        try take(.start, 0, String(decoding: try marker.encode(), as: UTF8.self), job: job, mode: mode)
    }

    var batch: Batch { builder.batch }
    var rows: Int { batch.rowCount }
    /// The errors of the rejects.
    var rejects: [String] {
        batch.rejects.map {
            String(
                decoding: batch.rejectBytes.slice($0.bytes + $0.byteCount, $0.errorCount), as: UTF8.self)
        }
    }
    var last: Int64? { state.progress(of: job)?.last }
}

private let job = JobID(high: 1, low: 2)
private let person = #"{"name":"Ada","age":36}"#

@Suite struct MessageProcessorTests {
    @Test func aJobFromStartToEnd() throws {
        let bench = Bench()
        try bench.start()
        try bench.take(.record, 1)
        try bench.take(.raw, 2, "Ada,x", errors: #"[{"field":"age","code":"not_an_integer","message":"m"}]"#)
        let marker = EndMarker(lastSeq: 2, records: 2, digest: 5)
        try bench.take(.end, 3, String(decoding: try marker.encode(), as: UTF8.self))
        #expect(bench.rows == 1)
        #expect(bench.rejects == [#"[{"field":"age","code":"not_an_integer","message":"m"}]"#])
        #expect(bench.batch.progress.count == 1)
        #expect(bench.batch.progress[0].end == marker)
        #expect(bench.last == 3)
        #expect(bench.asked == [job])
        #expect(bench.touchedJobs == [job])
        bench.end()
    }

    @Test func whatWasCountedIsDroppedAndAGapIsPassedOver() throws {
        let bench = Bench()
        bench.known[job] = Progress(
            last: 5, passedOver: -1, digest: 9, ended: false, exists: true)
        try bench.take(.record, 5)
        #expect(bench.batch.progress.isEmpty)
        try bench.take(.record, 8)
        try bench.take(.record, 7)
        #expect(bench.rows == 0)
        #expect(bench.last == 5)
        #expect(bench.state.progress(of: job)?.passedOver == 8)
        #expect(bench.processor?.takeGap() == true)
        #expect(bench.processor?.takeGap() == false)
        try bench.take(.record, 6)
        #expect(bench.rows == 1)
        #expect(bench.last == 6)
        bench.end()
    }

    @Test(arguments: [[], [1], [0xFF] + [UInt8](repeating: 0, count: 40), [UInt8](repeating: 0x7F, count: 500)])
    func aHeaderThatDoesNotDecodeIsARejectOfOthers(header: [UInt8]) throws {
        let bench = Bench()
        try bench.take(Array(person.utf8), header: header)
        #expect(bench.rows == 0)
        if bench.passedOverJobs.isEmpty {
            #expect(bench.rejects.count == 1)
            #expect(bench.rejects.first?.contains("malformed_header") == true)
            #expect(bench.touchedJobs == [.foreign])
        }
        bench.end()
    }

    @Test(arguments: ["", "{}", "null", "[1]", "{\"job\":1}", "\u{0}"])
    func aMarkerThatDoesNotDecodeIsARejectOfOthers(value: String) throws {
        let bench = Bench()
        try bench.take(.start, 0, value)
        bench.known[job] = Progress()
        try bench.take(.start, 0, value)
        #expect(bench.rejects.count == 2)
        #expect(bench.rejects.allSatisfy { $0.contains("malformed_marker") })
        #expect(bench.last == -1)
        bench.end()
    }

    @Test func anEndMarkerThatDoesNotDecodeDoesNotEndTheJob() throws {
        let bench = Bench()
        try bench.start()
        try bench.take(.end, 1, "{}")
        #expect(bench.last == 0)
        #expect(bench.rejects.count == 1)
        bench.end()
    }

    @Test func aJobOfAnotherKeyIsPassedOver() throws {
        let bench = Bench(key: try KeyFields(parsing: "name,age,email"))
        try bench.start()
        try bench.take(.record, 1)
        #expect(bench.rows == 0)
        #expect(bench.batch.starts.count == 1)
        #expect(bench.passedOverJobs == [job: .otherKey(fields: ["name", "age"], onDuplicate: "skip")])
        #expect(bench.state.progress(of: job)?.passedOver == 1)
        bench.end()
    }

    /// Design.md, "Exactly once" 10: the key was changed in the middle of the job.
    @Test func theRestOfAJobOfAnotherKeyIsPassedOverToo() throws {
        let bench = Bench(key: try KeyFields(parsing: "name,age,email"))
        var progress = Progress(last: 1, passedOver: -1, digest: 1, ended: false, exists: true)
        progress.key = JobKey(fields: ["name", "age"], onDuplicate: "skip")
        bench.known[job] = progress
        try bench.take(.record, 2)
        try bench.take(.record, 3)
        let marker = EndMarker(lastSeq: 3, records: 3, digest: 5)
        try bench.take(.end, 4, String(decoding: try marker.encode(), as: UTF8.self))
        #expect(bench.rows == 0)
        #expect(bench.last == 1)
        #expect(bench.state.progress(of: job)?.passedOver == 4)
        #expect(bench.passedOverJobs == [job: .otherKey(fields: ["name", "age"], onDuplicate: "skip")])
        bench.end()
    }

    /// The mode is the record's own: also where the start marker came before this process did.
    @Test func everyModeIsTaken() throws {
        let bench = Bench()
        for (number, mode) in OnDuplicate.allCases.enumerated() {
            let job = JobID(high: 7, low: UInt64(number))
            var progress = Progress(last: 0, passedOver: -1, digest: 0, ended: false, exists: true)
            progress.key = JobKey(fields: ["name", "age"], onDuplicate: mode.rawValue)
            bench.known[job] = progress
            try bench.take(.record, 1, #"{"name":"Ada","age":36,"email":null,"x":null,"y":null}"#, job: job, mode: mode)
        }
        #expect(bench.rows == 3)
        #expect(bench.batch.progress.map(\.onDuplicate) == [.skip, .update, .reject])
        #expect(bench.batch.rows.map(\.nulls) == [[], [.email, .others], []])
        #expect(bench.passedOverJobs.isEmpty)
        #expect(bench.batch.clearedKeys(1) == [Array("x".utf8), Array("y".utf8)])
        bench.end()
    }

    @Test func aJobThatMustWaitIsPassedOver() throws {
        let bench = Bench()
        bench.waits = true
        try bench.start(mode: .skip, job: JobID(high: 8, low: 8))
        #expect(bench.passedOverJobs.isEmpty)
        try bench.start(mode: .update)
        try bench.take(.record, 1, mode: .update)
        #expect(bench.rows == 0 && bench.last == -1)
        #expect(bench.state.progress(of: job)?.passedOver == 1)
        #expect(bench.passedOverJobs == [job: .otherPartitions(1)])
        #expect(bench.batch.waiting == [job])
        // Sent again.
        bench.waits = false
        try bench.start(mode: .update)
        try bench.take(.record, 1, mode: .update)
        #expect(bench.rows == 1 && bench.last == 1)
        bench.end()
    }

    /// Of a newer userload, which knows one more.
    @Test func anUnknownModeIsPassedOver() throws {
        let bench = Bench()
        var progress = Progress(last: 0, passedOver: -1, digest: 0, ended: false, exists: true)
        progress.key = JobKey(fields: ["name", "age"], onDuplicate: "replace")
        bench.known[job] = progress
        try bench.take(.record, 1)
        #expect(bench.rows == 0)
        #expect(bench.passedOverJobs == [job: .otherKey(fields: ["name", "age"], onDuplicate: "replace")])
        bench.end()
    }

    @Test func rawWithoutReadableErrorsSaysSo() throws {
        let bench = Bench()
        try bench.start()
        try bench.take(.raw, 1, "x")
        try bench.take(.truncated, 2, "y", errors: "garbage")
        try bench.take(.truncated, 3, "y", errors: "[]")
        #expect(bench.rejects.count == 3)
        #expect(bench.rejects.allSatisfy { $0.contains("push sent no readable list of errors") })
        #expect(bench.last == 3)
        bench.end()
    }

    @Test func aRecordThatDoesNotValidateIsAReject() throws {
        let bench = Bench()
        try bench.start()
        try bench.take(.record, 1, #"{"name":"","age":"x"}"#)
        #expect(bench.rows == 0)
        #expect(bench.rejects.count == 1)
        #expect(bench.last == 1)
        bench.end()
    }

    @Test func othersMessagesAreTheJobOfOthers() throws {
        let bench = Bench()
        try bench.take(Array(person.utf8))
        try bench.take(nil)
        try bench.take([UInt8](repeating: UInt8(ascii: " "), count: Limits.valueBytes + 1))
        #expect(bench.rows == 1)
        #expect(bench.rejects.count == 2)
        #expect(bench.rejects.last?.contains("too_long") == true)
        #expect(bench.batch.rejects.last?.byteCount == Limits.truncatedBytes)
        #expect(bench.touchedJobs == [.foreign])
        bench.end()
    }

    /// 600 MB compress to less than a message may have: it used to be a reject of 600 MB.
    @Test(arguments: [MessageKind.record, .raw, .truncated])
    func aValueOfOursThatIsTooLongIsCut(kind: MessageKind) throws {
        let bench = Bench()
        try bench.start()
        let value = #"{"name":"Ada","age":36,"note":""# + String(repeating: "x", count: Limits.valueBytes) + #""}"#
        let errors = #"[{"field":"age","code":"not_an_integer","message":"m"}]"#
        try bench.take(kind, 1, value, errors: kind == .record ? nil : errors)
        #expect(bench.rows == 0)
        #expect(
            bench.rejects == [
                #"[{"field":"","code":"too_long","message":"the message has 1048609 bytes, at most 1048576 are allowed"}]"#
            ])
        let reject = try #require(bench.batch.rejects.last)
        #expect(reject.form == .truncated)
        #expect(reject.byteCount == Limits.truncatedBytes)
        #expect(reject.place.length == Int64(value.utf8.count))
        // The job continues, with the sum and digest that push computed.
        let progress = try #require(bench.state.progress(of: job))
        #expect(progress.last == 1)
        #expect(progress.records == 1)
        #expect(progress.bytes == 18)
        #expect(progress.digest == withBytes(Array(value.utf8)) { Digest.extend(0, $0) })
        bench.end()
    }

    @Test func aMarkerThatIsTooLongIsNotDecoded() throws {
        let bench = Bench()
        let marker = EndMarker(lastSeq: 0, records: 0, digest: 0)
        let spaces = String(repeating: " ", count: Limits.valueBytes)
        try bench.start()
        try bench.take(.end, 1, String(decoding: try marker.encode(), as: UTF8.self) + spaces)
        #expect(bench.rejects.last?.contains("malformed_marker") == true)
        #expect(bench.state.progress(of: job)?.ended == false)
        bench.end()
    }

    @Test func theFirstMessageTakenIsTheAnchorTheNextTheCandidate() throws {
        let bench = Bench()
        bench.isAway = true
        #expect(throws: Bench.Away.self) { try bench.start() }
        // Not taken: neither is it the anchor.
        #expect(bench.state.wantsAnchor)
        bench.isAway = false
        try bench.start()
        #expect(bench.state.expectation.candidate == nil)
        try bench.take(.record, 1)
        #expect(bench.state.expectation.candidate?.offset == 2)
        #expect(bench.state.handOver(3).anchor?.offset == 1)
        #expect(!bench.state.wantsAnchor)
        bench.end()
    }
}

@Suite struct PartitionStateTests {
    private func progress(_ number: UInt64, ended: Bool = true) -> JobProgress {
        JobProgress(
            job: JobID(high: 9, low: number), partition: 0,
            Progress(last: 1, passedOver: -1, digest: 0, ended: ended, exists: true))
    }

    private let state = PartitionState(
        Position(partition: 0, generation: 1, nextOffset: 0, anchor: nil), lane: 0)

    /// A job whose step is on its way would be read from the database as it was before: its next step loses the swap.
    @Test func aJobWhoseStepsAreNotCommittedIsNeverForgotten() {
        let builder = BatchBuilder(Batch())
        for number in 0..<UInt64(PartitionState.jobLimit + 300) {
            let job = progress(number)
            #expect(state.remember(job) == [])
            _ = builder.step(job)
        }
        #expect(state.progress(of: JobID(high: 9, low: 0)) != nil)
        // Once they are committed, there is room again.
        builder.jobs.forEach { $0.stepAnswered() }
        let forgotten = state.remember(progress(9_999))
        #expect(forgotten.count == PartitionState.jobLimit + 300)
        #expect(state.progress(of: JobID(high: 9, low: 0)) == nil)
        #expect(state.progress(of: JobID(high: 9, low: 9_999)) != nil)
    }

    @Test func jobsThatNeverEndAreForgottenLast() {
        for number in 0..<UInt64(PartitionState.jobLimit) {
            _ = state.remember(progress(number, ended: number % 2 == 0))
        }
        #expect(state.remember(progress(5_000)).count == PartitionState.jobLimit / 2)
        #expect(state.progress(of: JobID(high: 9, low: 1)) != nil)
        for number in 6_000..<UInt64(6_000 + 2 * PartitionState.jobLimit) {
            _ = state.remember(progress(number, ended: false))
        }
        #expect(state.progress(of: JobID(high: 9, low: 1)) == nil)
    }

    @Test func theRowMayBeAtTheCommittedOffsetOrAtAnyBatchOnItsWay() {
        #expect(state.handOver(10).expectedOffset == 0)
        #expect(state.handOver(20).expectedOffset == 10)
        #expect(state.expectation.offsets == [0, 10, 20])
        state.committed()
        #expect(state.expectation.offsets == [10, 20])
        #expect(!state.isIdle)
        state.committed()
        #expect(state.isIdle)
    }

    @Test func aBatchOfManyJobsIsFull() {
        let builder = BatchBuilder(Batch())
        for number in 0..<UInt64(BatchLimits.jobs) {
            #expect(!builder.isFull)
            _ = builder.step(progress(number))
        }
        #expect(builder.isFull)
    }
}
