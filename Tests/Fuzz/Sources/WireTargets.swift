// What comes from Kafka and from journal files: any bytes are read or refused, and what is read is written as it was.

import Foundation

@testable import Pipeline
@testable import Records

func fuzzHeader(_ bytes: Bytes) {
    switch WireHeader.decode(bytes) {
    case .malformed: break
    case .newer(let version, let job, let seq):
        check(version > WireHeader.latestVersion && seq <= Limits.wireNumber, "version \(version), seq \(seq)")
        check(bytes.count >= 26 && job != .foreign, "a header without a job")
    case .header(let header):
        checkNumbers(header)
        let again = encoded(header)
        check(again.count <= bytes.count, "a header that grows")
        check(withBytes(again) { WireHeader.decode($0) } == .header(header), "\(header) is read as another one")
        check(again[..<26].elementsEqual(bytes[..<26]), "the first 26 bytes are others")
    }
    checkMade(bytes)
    checkJobID(bytes)
}

private func encoded(_ header: WireHeader) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: WireHeader.maximumSize) { buffer, count in
        count = buffer.baseAddress.map { header.encode(to: $0) } ?? 0
    }
}

private func checkNumbers(_ header: WireHeader) {
    let fixes = header.fixes
    for number in [header.seq, header.line, header.offset, fixes?.seq ?? 1, fixes?.line ?? 0] {
        check(number <= Limits.wireNumber, "a number beyond its limit")
    }
    check(header.length <= Limits.wireLength, "a length beyond its limit")
    check(fixes.map { $0.partition >= 0 && $0.seq > 0 && $0.job != .foreign } ?? true, "a place that is none")
}

/// A header made of the bytes comes back, if its numbers are within their limits, and else not at all.
private func checkMade(_ bytes: Bytes) {
    var input = FuzzInput(bytes)
    let flags = input.byte()
    let kind = MessageKind(rawValue: flags & 7) ?? .record
    let job = JobID(high: input.number(), low: input.number())
    func number(_ limit: UInt64) -> UInt64 { flags & 8 != 0 ? input.number() : input.number() % (limit + 1) }
    let (seq, line, offset) = (number(Limits.wireNumber), number(Limits.wireNumber), number(Limits.wireNumber))
    let length = number(Limits.wireLength)
    let lenient = flags & 16 != 0 ? LenientFields(rawValue: input.byte() & 15) : nil
    let mode = input.choice(OnDuplicate.allCases)
    var fixes: RejectPlace?
    if flags & 32 != 0 {
        fixes = RejectPlace(
            job: JobID(high: input.number(), low: input.number()),
            partition: Int32(truncatingIfNeeded: input.number()), seq: number(Limits.wireNumber),
            line: number(Limits.wireNumber))
    }
    let header = WireHeader(
        kind: kind, job: job, seq: seq, line: line, offset: offset, length: length, lenient: lenient,
        onDuplicate: mode, isFix: flags & 64 != 0, fixes: fixes)
    let decoded = withBytes(encoded(header)) { WireHeader.decode($0) }
    let isPlace =
        fixes.map {
            $0.job != .foreign && $0.partition >= 0 && (1...Limits.wireNumber).contains($0.seq)
                && $0.line <= Limits.wireNumber
        } ?? true
    let isSound =
        job != .foreign && max(seq, line, offset) <= Limits.wireNumber && length <= Limits.wireLength && isPlace
    check(decoded == (isSound ? .header(header) : .malformed), "\(header) became \(decoded)")
}

private func checkJobID(_ bytes: Bytes) {
    if let id = JobID(text: text(bytes)) { check(JobID(text: id.text) == id, "\(id.text) is another job") }
    var input = FuzzInput(bytes)
    let id = JobID(high: input.number(), low: input.number())
    check(JobID(text: id.text) == id, "\(id.text) is another job")
    let parts = bytes.split(separator: 0x0A, maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3,
        let place = RejectPlace(
            job: Bytes(rebasing: parts[0]), reject: Bytes(rebasing: parts[1]), line: Bytes(rebasing: parts[2]))
    else { return }
    let again = withBytes(Array(place.job.text.utf8)) { job in
        withBytes(Array(place.rejectText.utf8)) { reject in
            withBytes(Array(String(place.line).utf8)) { RejectPlace(job: job, reject: reject, line: $0) }
        }
    }
    check(again == place, "\(place) became \(String(describing: again))")
}

func fuzzMarkers(_ bytes: Bytes) {
    if let marker = try? EndMarker(decoding: bytes) {
        guard let json = try? marker.encode() else { fail("an end marker that cannot be written") }
        check((try? withBytes(json) { bytes throws in try EndMarker(decoding: bytes) }) == marker, "another end marker")
    }
    if let marker = try? StartMarker(decoding: bytes) {
        guard let json = try? marker.encode() else { fail("a start marker that cannot be written") }
        let again = try? withBytes(json) { bytes throws in try StartMarker(decoding: bytes) }
        check(again == marker, "\(marker) became \(String(describing: again))")
        check(!text(json).contains("\\u0000"), "a NUL")
    }
    if let errors = FieldError.parse(bytes) {
        let json = FieldError.json(errors)
        check(
            json.count > Limits.errorsBytes || withBytes(json) { FieldError.parse($0) } != nil, "errors that grow wrong"
        )
    }
}

private let journalFolder: String = {
    // In memory: entries are forced to the disk.
    let folder = "/dev/shm/userload-fuzz-\(getpid())"
    atexit {
        try? FileManager.default.removeItem(atPath: "/dev/shm/userload-fuzz-\(getpid())")
    }
    return folder
}()

func fuzzJournal(_ bytes: Bytes) {
    let folder = "\(journalFolder)/c/t"
    try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let job = JobID(high: 1, low: 2)
    let path = "\(folder)/\(job.text).json"
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    check(write(descriptor, bytes.baseAddress, bytes.count) == bytes.count, "cannot write \(path)")
    close(descriptor)
    let journal = Journal(directory: journalFolder)
    var entry: JournalEntry?
    do {
        entry = try journal.entry(cluster: "c", topic: "t", job: job)
    } catch {
        check(error.message == "\(path) is damaged, or of another version", error.message)
    }
    let found = journal.find(slugPrefix: String(job.text.prefix(8)))
    check(entry == nil || found == [entry], "found: \(found)")
    for entry in found {
        check(entry.isSound, "an entry that is not sound")
        var entry = entry
        // Under a name that a folder can have, and of this job.
        (entry.cluster, entry.topic, entry.job) = ("c", "t", job)
        do { try journal.write([entry]) } catch { fail(error.message) }
        let again = try? journal.entry(cluster: "c", topic: "t", job: job)
        check(again == entry, "\(entry) became \(String(describing: again))")
    }
}
