// The binary header of every message of ours, versions 1 to 3.
//
//     [0] version   [1] kind   [2..17] job id, big-endian   [18..25] seq, big-endian   then LEB128: line, offset, length
//     in versions 2 and 3 behind them: [lenient fields], in version 3: [on a duplicate], and behind that, if the record
//     stands for a reject of an earlier job: [16: its job id] then LEB128: partition, seq, line
//
// A job is of version 2 if anything but plain CSV or JSON lines made it, of version 3 if it does not skip duplicates or is
// a fix file, so that an older worker passes it over.
// The first 26 bytes keep their places in every version, so that an old worker can still pass a newer job over.

/// What a message is.
package enum MessageKind: UInt8, Sendable {
    /// Seq 0 of a partition: describes the job.
    case start = 0
    /// A clean record: its value is JSON.
    case record = 1
    /// A reject: its value is the original bytes, its errors are in the second header.
    case raw = 2
    /// A reject longer than `Limits.valueBytes`: the first `Limits.truncatedBytes` of it.
    case truncated = 3
    /// The seq after the last record: how many there were, and their digest.
    case end = 4
    /// Outside the sequence: the file changed while it was pushed.
    case broken = 5
}

/// The header's content. Its numbers are at most `Limits.wireNumber`, the length `Limits.wireLength`: a sum of many of
/// them still fits a bigint.
package struct WireHeader: Equatable, Sendable {
    package var kind: MessageKind
    package var job: JobID
    /// 0 for the start marker, 1… for records, last + 1 for the end marker.
    package var seq: UInt64
    /// Physical line, from 1; 0 for markers.
    package var line: UInt64
    /// Bytes from the start of the file to the start of the record.
    package var offset: UInt64
    /// Original bytes of the record, without its line end.
    package var length: UInt64
    /// nil: version 1. Else a later one: what may break its rule in this record.
    package private(set) var lenient: LenientFields?
    /// What becomes of the record if the table has its key. Another mode than skip: version 3.
    package private(set) var onDuplicate: OnDuplicate
    /// Version 3, of a job that skips duplicates too.
    private let isThird: Bool
    /// The reject that the record stands for.
    package private(set) var fixes: RejectPlace?

    /// - Parameter isFix: of a job that is a fix file, whether the record stands for a reject or not.
    package init(
        kind: MessageKind, job: JobID, seq: UInt64, line: UInt64 = 0, offset: UInt64 = 0, length: UInt64 = 0,
        lenient: LenientFields? = nil, onDuplicate: OnDuplicate = .skip, isFix: Bool = false,
        fixes: RejectPlace? = nil
    ) {
        self.kind = kind
        self.job = job
        self.seq = seq
        self.line = line
        self.offset = offset
        self.length = length
        isThird = isFix || fixes != nil || !onDuplicate.skips
        self.lenient = isThird ? lenient ?? LenientFields(rawValue: 0) : lenient
        self.onDuplicate = onDuplicate
        self.fixes = fixes
    }

    /// The Kafka header that holds it.
    package static let name: StaticString = "userload"
    /// The Kafka header of `FieldError.json`, beside raw and truncated records.
    package static let errorsName: StaticString = "userload-errors"
    /// The latest version, and what this program reads up to.
    package static let latestVersion: UInt8 = 3
    /// Bytes that `encode` may write.
    package static let maximumSize = 26 + 3 * 10 + 2 + 16 + 3 * 10

    package var version: UInt8 { lenient == nil ? 1 : isThird ? 3 : 2 }

    /// Writes the header; returns its size, at most `maximumSize`.
    package func encode(to target: UnsafeMutablePointer<UInt8>) -> Int {
        target[0] = version
        target[1] = kind.rawValue
        let raw = UnsafeMutableRawPointer(target)
        raw.storeBytes(of: job.high.bigEndian, toByteOffset: 2, as: UInt64.self)
        raw.storeBytes(of: job.low.bigEndian, toByteOffset: 10, as: UInt64.self)
        raw.storeBytes(of: seq.bigEndian, toByteOffset: 18, as: UInt64.self)
        let afterLine = Self.encode(line, to: target + 26)
        var end = Self.encode(length, to: Self.encode(offset, to: afterLine))
        if let lenient {
            end.pointee = lenient.rawValue
            end += 1
        }
        if isThird {
            end.pointee = onDuplicate.wireByte
            end += 1
        }
        if let fixes {
            let raw = UnsafeMutableRawPointer(end)
            raw.storeBytes(of: fixes.job.high.bigEndian, as: UInt64.self)
            raw.storeBytes(of: fixes.job.low.bigEndian, toByteOffset: 8, as: UInt64.self)
            end = Self.encode(UInt64(truncatingIfNeeded: fixes.partition), to: end + 16)
            end = Self.encode(fixes.line, to: Self.encode(fixes.seq, to: end))
        }
        return end - target
    }

    package enum Decoded: Equatable, Sendable {
        case header(WireHeader)
        /// A later wire version: its records cannot be read here.
        case newer(version: UInt8, job: JobID, seq: UInt64)
        /// Not ours, or damaged: too short or too long, an unknown kind, the job "-", a number beyond its limit.
        case malformed
    }

    package static func decode(_ bytes: Bytes) -> Decoded {
        guard let start = bytes.baseAddress, bytes.count >= 26, start[0] > 0 else { return .malformed }
        let job = JobID(bytes16: start + 2)
        let seq = UInt64(bigEndian: UnsafeRawPointer(start).loadUnaligned(fromByteOffset: 18, as: UInt64.self))
        guard job != .foreign, seq <= Limits.wireNumber else { return .malformed }
        guard start[0] <= latestVersion else { return .newer(version: start[0], job: job, seq: seq) }
        var next = 26
        guard let kind = MessageKind(rawValue: start[1]), let line = decodeNumber(bytes, &next),
            let offset = decodeNumber(bytes, &next), let length = decodeNumber(bytes, &next),
            line <= Limits.wireNumber, offset <= Limits.wireNumber, length <= Limits.wireLength
        else { return .malformed }
        var lenient: LenientFields?
        if start[0] >= 2 {
            guard next < bytes.count, bytes[next] & ~LenientFields.all.rawValue == 0 else { return .malformed }
            lenient = LenientFields(rawValue: bytes[next])
            next += 1
        }
        var onDuplicate = OnDuplicate.skip
        var fixes: RejectPlace?
        if start[0] == 3 {
            guard next < bytes.count, let mode = OnDuplicate(wireByte: bytes[next]) else { return .malformed }
            onDuplicate = mode
            next += 1
            if next < bytes.count {
                guard let place = decodePlace(bytes, &next) else { return .malformed }
                fixes = place
            }
        }
        guard next == bytes.count else { return .malformed }
        return .header(
            WireHeader(
                kind: kind, job: job, seq: seq, line: line, offset: offset, length: length, lenient: lenient,
                onDuplicate: onDuplicate, isFix: start[0] == 3, fixes: fixes))
    }

    private static func decodePlace(_ bytes: Bytes, _ next: inout Int) -> RejectPlace? {
        guard let start = bytes.baseAddress, bytes.count - next >= 16 else { return nil }
        let job = JobID(bytes16: start + next)
        next += 16
        guard let partition = decodeNumber(bytes, &next), let seq = decodeNumber(bytes, &next),
            let line = decodeNumber(bytes, &next), job != .foreign, partition <= UInt64(Int32.max),
            (1...Limits.wireNumber).contains(seq), line <= Limits.wireNumber
        else { return nil }
        return RejectPlace(job: job, partition: Int32(truncatingIfNeeded: partition), seq: seq, line: line)
    }

    /// LEB128, unsigned.
    @inline(__always)
    private static func encode(_ value: UInt64, to target: UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8> {
        var rest = value
        var next = target
        while rest >= 0x80 {
            next.pointee = UInt8(truncatingIfNeeded: rest) | 0x80
            rest >>= 7
            next += 1
        }
        next.pointee = UInt8(truncatingIfNeeded: rest)
        return next + 1
    }

    /// nil at the end of `bytes`, and for more than 63 bits (nine groups of seven).
    @inline(__always)
    private static func decodeNumber(_ bytes: Bytes, _ next: inout Int) -> UInt64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while next < bytes.count, shift < 63 {
            let byte = bytes[next]
            next += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte & 0x80 == 0 { return value }
            shift += 7
        }
        return nil
    }
}

extension OnDuplicate {
    /// A job that skips is of an earlier version, unless it is a fix file.
    @inline(__always)
    fileprivate var wireByte: UInt8 {
        switch self {
        case .skip: 0
        case .update: 1
        case .reject: 2
        }
    }

    @inline(__always)
    fileprivate init?(wireByte: UInt8) {
        switch wireByte {
        case 0: self = .skip
        case 1: self = .update
        case 2: self = .reject
        default: return nil
        }
    }
}
