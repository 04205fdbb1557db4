// The wire: what stands where, and what is refused.

import Foundation
import Testing

@testable import Records

@Suite struct WireHeaderTests {
    static func encoded(_ header: WireHeader) -> [UInt8] {
        var bytes = [UInt8](repeating: 0xEE, count: WireHeader.maximumSize)
        let count = bytes.withUnsafeMutableBufferPointer { target in
            target.baseAddress.map { header.encode(to: $0) } ?? 0
        }
        return Array(bytes[..<count])
    }

    static let golden = WireHeader(kind: .raw, job: testJob, seq: 5, line: 300, offset: 127, length: 16_384)
    static let goldenBytes: [UInt8] =
        [1, 2, 0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF, 0xFE, 0xDC, 0xBA, 0x98, 0x76, 0x54, 0x32, 0x10]
        + [0, 0, 0, 0, 0, 0, 0, 5] + [0xAC, 0x02] + [0x7F] + [0x80, 0x80, 0x01]

    @Test func goldenLayout() {
        #expect(Self.encoded(Self.golden) == Self.goldenBytes)
        #expect(withBytes(Self.goldenBytes) { WireHeader.decode($0) } == .header(Self.golden))
        #expect("\(WireHeader.name) \(WireHeader.errorsName)" == "userload userload-errors")
    }

    @Test(arguments: [0, 1, 127, 128, 16_383, 16_384, 1 << 40])
    func roundTrip(number: UInt64) {
        for kind in [MessageKind.start, .record, .raw, .truncated, .end, .broken] {
            let header = WireHeader(kind: kind, job: testJob, seq: number, line: number, offset: number, length: number)
            #expect(withBytes(Self.encoded(header)) { WireHeader.decode($0) } == .header(header))
        }
    }

    /// An older worker passes over what it may read otherwise.
    @Test func version2SaysWhatMayBreakItsRule() {
        for lenient in [[], .email, .all] as [LenientFields] {
            let header = WireHeader(
                kind: .raw, job: testJob, seq: 5, line: 300, offset: 127, length: 1, lenient: lenient)
            let bytes = Self.encoded(header)
            #expect(bytes.first == 2)
            #expect(bytes.last == lenient.rawValue)
            #expect(withBytes(bytes) { WireHeader.decode($0) } == .header(header))
            for count in 0..<bytes.count {
                #expect(withBytes(Array(bytes[..<count])) { WireHeader.decode($0) } == .malformed)
            }
            #expect(withBytes(bytes + [0]) { WireHeader.decode($0) } == .malformed)
            #expect(withBytes(bytes.dropLast() + [16]) { WireHeader.decode($0) } == .malformed)
        }
    }

    @Test func version3SaysWhatBecomesOfDuplicates() {
        for (mode, byte) in [(OnDuplicate.update, 1), (.reject, 2)] as [(OnDuplicate, UInt8)] {
            for lenient in [nil, .email] as [LenientFields?] {
                let header = WireHeader(
                    kind: .record, job: testJob, seq: 5, line: 300, offset: 127, length: 1, lenient: lenient,
                    onDuplicate: mode)
                let bytes = Self.encoded(header)
                #expect(header.version == 3)
                #expect(bytes.first == 3)
                #expect(Array(bytes.suffix(2)) == [lenient?.rawValue ?? 0, byte])
                #expect(withBytes(bytes) { WireHeader.decode($0) } == .header(header))
                for count in 0..<bytes.count {
                    #expect(withBytes(Array(bytes[..<count])) { WireHeader.decode($0) } == .malformed)
                }
                #expect(withBytes(bytes + [0]) { WireHeader.decode($0) } == .malformed)
                #expect(withBytes(bytes + [UInt8](repeating: 0, count: 19)) { WireHeader.decode($0) } == .malformed)
                for other in [3, 255] as [UInt8] {
                    #expect(withBytes(bytes.dropLast() + [other]) { WireHeader.decode($0) } == .malformed)
                }
            }
        }
    }

    /// An older worker passes over all of a fix file's job, those of its records that stand for no reject included.
    @Test func version3SaysWhichRejectARecordStandsFor() {
        let places = [
            nil, RejectPlace(job: JobID(high: 1, low: 2), partition: 0, seq: 1),
            RejectPlace(job: JobID(high: .max, low: .max), partition: .max, seq: 1 << 53, line: 1 << 53),
        ]
        for mode in OnDuplicate.allCases {
            for fixes in places {
                let header = WireHeader(
                    kind: .raw, job: testJob, seq: 5, line: 300, offset: 127, length: 1, onDuplicate: mode, isFix: true,
                    fixes: fixes)
                let bytes = Self.encoded(header)
                #expect(bytes.first == 3 && header.version == 3)
                #expect(withBytes(bytes) { WireHeader.decode($0) } == .header(header))
                #expect(withBytes(bytes + [0]) { WireHeader.decode($0) } == .malformed)
                let plain = Self.encoded(
                    WireHeader(
                        kind: .raw, job: testJob, seq: 5, line: 300, offset: 127, length: 1, onDuplicate: mode,
                        isFix: true))
                for count in plain.count + 1..<max(bytes.count, plain.count + 1) {
                    #expect(withBytes(Array(bytes[..<count])) { WireHeader.decode($0) } == .malformed)
                }
            }
        }
        // None of which push can have written.
        for place in [
            RejectPlace(job: .foreign, partition: 0, seq: 1), RejectPlace(job: testJob, partition: 0, seq: 0),
            RejectPlace(job: testJob, partition: -1, seq: 1),
            RejectPlace(job: testJob, partition: 0, seq: (1 << 53) + 1),
            RejectPlace(job: testJob, partition: 0, seq: 1, line: .max),
        ] {
            let bytes = Self.encoded(WireHeader(kind: .record, job: testJob, seq: 5, fixes: place))
            #expect(withBytes(bytes) { WireHeader.decode($0) } == .malformed)
        }
    }

    @Test func sizeIsEnough() {
        let header = WireHeader(
            kind: .end, job: testJob, seq: .max, line: .max, offset: .max, length: .max, lenient: .all,
            onDuplicate: .update, fixes: RejectPlace(job: testJob, partition: .max, seq: .max, line: .max))
        // Five groups of seven bits hold a partition.
        #expect(Self.encoded(header).count == WireHeader.maximumSize - 5)
    }

    @Test func newerVersionKeepsItsPlaces() {
        var bytes = Self.goldenBytes
        bytes[0] = 9
        bytes[1] = 77
        let newer = WireHeader.Decoded.newer(version: 9, job: testJob, seq: 5)
        #expect(withBytes(bytes) { WireHeader.decode($0) } == newer)
        #expect(withBytes(Array(bytes[..<26])) { WireHeader.decode($0) } == newer)
        #expect(withBytes(Array(bytes[..<25])) { WireHeader.decode($0) } == .malformed)
    }

    @Test func everyShorterOrLongerOneIsMalformed() {
        for count in 0..<Self.goldenBytes.count {
            #expect(withBytes(Array(Self.goldenBytes[..<count])) { WireHeader.decode($0) } == .malformed)
        }
        #expect(withBytes(Self.goldenBytes + [0]) { WireHeader.decode($0) } == .malformed)
    }

    @Test func malformed() {
        let head = Array(Self.goldenBytes[..<26])
        let changes: [(String, [UInt8])] = [
            ("version 0", [0] + Self.goldenBytes[1...]),
            ("unknown kind", [1, 6] + Self.goldenBytes[2...]),
            ("the job -", [1, 2] + [UInt8](repeating: 0, count: 16) + Self.goldenBytes[18...]),
            ("a line of ten groups", head + [UInt8](repeating: 0xFF, count: 9) + [1, 1, 1]),
            ("an endless number", head + [UInt8](repeating: 0x80, count: 30)),
        ]
        for (what, bytes) in changes {
            #expect(withBytes(bytes) { WireHeader.decode($0) } == .malformed, "\(what)")
        }
    }

    /// Sums over such numbers must neither trap nor leave a bigint.
    @Test func numbersAreBounded() {
        func decoded(seq: UInt64 = 5, line: UInt64 = 1, offset: UInt64 = 1, length: UInt64 = 1) -> WireHeader.Decoded {
            let header = WireHeader(
                kind: .record, job: testJob, seq: seq, line: line, offset: offset, length: length)
            return withBytes(Self.encoded(header)) { WireHeader.decode($0) }
        }
        let most: UInt64 = 1 << 53
        let largest = WireHeader(kind: .record, job: testJob, seq: most, line: most, offset: most, length: 1 << 40)
        #expect(decoded(seq: most, line: most, offset: most, length: 1 << 40) == .header(largest))
        for beyond in [most + 1, 1 << 60, 1 << 62, UInt64(Int64.max)] {
            #expect(decoded(seq: beyond) == .malformed)
            #expect(decoded(line: beyond) == .malformed)
            #expect(decoded(offset: beyond) == .malformed)
            #expect(decoded(length: beyond) == .malformed)
        }
        #expect(decoded(length: 1 << 40 + 1) == .malformed)
        var newer = Self.goldenBytes
        newer[0] = 9
        newer.replaceSubrange(18..<26, with: [0, 0x20, 0, 0, 0, 0, 0, 1])
        #expect(withBytes(newer) { WireHeader.decode($0) } == .malformed)
    }

    @Test func sumsSaturate() {
        #expect(Int64(3).addingSaturated(4) == 7)
        #expect(Int64.max.addingSaturated(1) == .max)
        #expect(Int64.min.addingSaturated(-1) == .min)
        #expect(UInt64.max.addingSaturated(1) == .max)
    }
}

@Suite struct MarkerTests {
    static let start = StartMarker(
        job: testJob, contentHash: ContentHash(high: 1, low: 2), label: "nightly \"x\"", path: "/data/ü/a.csv",
        size: 123, host: "etl1", format: .csv, delimiter: 0x3B, header: [0x6E, 0xFF, 0x00, 0x22],
        options: ["--label", "nightly", "/data/a.csv"], keyFields: .standard, onDuplicate: .skip, partitions: 12,
        again: false, runAt: Date(timeIntervalSince1970: 1_795_305_600.123_4))

    @Test func startRoundTrip() throws {
        #expect(try withBytes(Self.start.encode()) { bytes throws in try StartMarker(decoding: bytes) } == Self.start)
        #expect(Self.start.runAt == Date(timeIntervalSince1970: 1_795_305_600.123))
    }

    @Test func startAsText() throws {
        let text = String(decoding: try Self.start.encode(), as: UTF8.self)
        #expect(
            text == """
                {"again":false,"contentHash":"00000000000000010000000000000002","delimiter":59,"format":"csv",\
                "header":"bv8AIg==","host":"etl1","job":"04hmasw9nf6yzzpwqac7cn1j20","keyFields":["name","age"],\
                "label":"nightly \\"x\\"","onDuplicate":"skip","options":["--label","nightly","/data/a.csv"],\
                "partitions":12,"path":"/data/ü/a.csv","runAt":"2026-11-22T00:00:00.123Z","size":123}
                """)
    }

    @Test func startOfAStream() throws {
        var marker = Self.start
        (marker.contentHash, marker.label, marker.size, marker.delimiter, marker.header) = (nil, nil, nil, nil, nil)
        marker.format = .jsonl
        marker.path = "-"
        #expect(try withBytes(marker.encode()) { bytes throws in try StartMarker(decoding: bytes) } == marker)
    }

    @Test func everyMillisecondSurvives() throws {
        for millisecond in 0..<1000 {
            var marker = Self.start
            marker.runAt = Date(timeIntervalSince1970: Double(1_795_305_600_000 + millisecond) / 1000)
            #expect(try withBytes(marker.encode()) { bytes throws in try StartMarker(decoding: bytes) } == marker)
        }
    }

    @Test(arguments: [
        ("\"host\":\"etl1\"", "\"host\":\"etl\\u00001\"", "a marker that cannot be read"),
        ("\"host\":\"etl1\"", "\"host\":\"a\",\"host\":\"b\"", "a marker that cannot be read"),
        ("\"again\":false,", "", "a marker that cannot be read"),
        ("[\"name\",\"age\"]", "[\"name\"]", "a marker that cannot be read"),
        ("\"partitions\":12", "\"partitions\":0", "a start marker with a number out of range"),
        ("\"size\":123", "\"size\":-1", "a start marker with a number out of range"),
        ("\"size\":123", "\"size\":9007199254740993", "a start marker with a number out of range"),
        ("2026-11-22T00:00:00.123Z", "1969-12-31T23:59:59.999Z", "a start marker with a time out of range"),
        ("2026-11-22T00:00:00.123Z", "300000-11-22T00:00:00.123Z", "a start marker with a time out of range"),
        ("04hmasw9nf6yzzpwqac7cn1j20", "-", "a start marker of the job \"-\""),
        ("{", "", "a marker that cannot be read"),
    ])
    func startRefused(old: String, new: String, message: String) throws {
        let text = String(decoding: try Self.start.encode(), as: UTF8.self)
        let changed = text.replacingOccurrences(of: old, with: new)
        #expect(changed != text)
        #expect(throws: MarkerError(message: message)) {
            try withBytes(changed) { bytes throws in try StartMarker(decoding: bytes) }
        }
    }

    @Test func startIsBounded() throws {
        func decoded(_ change: (inout StartMarker) -> Void) throws -> StartMarker {
            var marker = Self.start
            change(&marker)
            return try withBytes(marker.encode()) { bytes throws in try StartMarker(decoding: bytes) }
        }
        #expect(try decoded { $0.label = String(repeating: "é", count: 100) }.label?.utf8.count == 200)
        #expect(throws: MarkerError(message: "a start marker with a label longer than 200 bytes")) {
            try decoded { $0.label = String(repeating: "é", count: 100) + "x" }
        }
        func describe(_ count: Int) -> (inout StartMarker) -> Void {
            { marker in
                marker.path = "/" + String(repeating: "p", count: 4095)
                marker.options = ["--map", String(repeating: "o", count: count - 4096 - 5)]
            }
        }
        #expect(try decoded(describe(16_384)).path.count == 4096)
        let tooLong = "a start marker with a path and options longer than 16384 bytes together"
        #expect(throws: MarkerError(message: tooLong)) { try decoded(describe(16_385)) }
        for year in [1_970, 9_999] {
            let date = Date(timeIntervalSince1970: Double(year - 1_970) * 31_556_952)
            #expect(try decoded { $0.runAt = date }.runAt == date)
        }
        // 300,000 years after 1970.
        #expect(throws: MarkerError.self) { try decoded { $0.runAt = Date(timeIntervalSince1970: 9.46e12) } }
    }

    static let run = PushRun(
        id: JobID(high: 7, low: 8), host: "etl1", startedAt: Date(timeIntervalSince1970: 1_795_305_600), files: 6,
        label: "nightly")

    /// A marker of an older push has none; an older worker does not look at it.
    @Test func theRunTravelsBesideTheJob() throws {
        var marker = Self.start
        marker.run = Self.run
        let text = String(decoding: try marker.encode(), as: UTF8.self)
        #expect(
            text.contains(
                #""run":{"copies":1,"files":6,"host":"etl1","id":"000000000000e0000000000010","label":"nightly","#
                    + #""startedAt":"2026-11-22T00:00:00.000Z"},"#))
        #expect(try withBytes(text) { bytes throws in try StartMarker(decoding: bytes) } == marker)
    }

    /// What another producer wrote with more digits would come back as another time.
    @Test func timesAreReadInWholeMilliseconds() throws {
        var marker = Self.start
        marker.run = Self.run
        let text = String(decoding: try marker.encode(), as: UTF8.self)
            .replacingOccurrences(of: "2026-11-22T00:00:00.000Z", with: "2026-11-22T00:00:00.9099Z")
        let decoded = try withBytes(text) { bytes throws in try StartMarker(decoding: bytes) }
        #expect(decoded.run?.startedAt == Date(timeIntervalSince1970: 1_795_305_600.91))
        #expect(try withBytes(decoded.encode()) { bytes throws in try StartMarker(decoding: bytes) } == decoded)
    }

    @Test(arguments: [
        ("\"files\":6", "\"files\":0", "that is out of range"),
        ("\"files\":6", "\"files\":2147483648", "that is out of range"),
        ("\"files\":6", "\"files\":9223372036854775808", nil),
        ("\"copies\":1", "\"copies\":-1", "that is out of range"),
        ("000000000000e0000000000010", "-", "that is out of range"), ("000000000000e0000000000010", "x", nil),
        ("2026-11-22T00:00:00.000Z", "1969-12-31T23:59:59.999Z", "that is out of range"),
        (
            "\"label\":\"nightly\"", "\"label\":\"\(String(repeating: "x", count: 201))\"",
            "whose host or label is too long"
        ),
        (
            "\"host\":\"etl1\",\"id\"", "\"host\":\"\(String(repeating: "x", count: 401))\",\"id\"",
            "whose host or label is too long"
        ),
    ])
    func aRunIsBounded(old: String, new: String, words: String?) throws {
        var marker = Self.start
        marker.label = nil
        marker.run = Self.run
        let text = String(decoding: try marker.encode(), as: UTF8.self)
        let changed = text.replacingOccurrences(of: old, with: new)
        #expect(changed != text)
        let message = words.map { "a start marker with a run \($0)" } ?? "a marker that cannot be read"
        #expect(throws: MarkerError(message: message)) {
            try withBytes(changed) { bytes throws in try StartMarker(decoding: bytes) }
        }
    }

    @Test func end() throws {
        let marker = EndMarker(lastSeq: 7, records: 7, digest: 0xFEDC_BA98_7654_3210)
        let text = #"{"digest":"fedcba9876543210","lastSeq":7,"records":7}"#
        #expect(try String(decoding: marker.encode(), as: UTF8.self) == text)
        #expect(try withBytes(text) { bytes throws in try EndMarker(decoding: bytes) } == marker)
        for bad in [
            "", "{}", #"{"digest":"fed","lastSeq":7,"records":7}"#,
            #"{"digest":"fedcba9876543210","lastSeq":-1,"records":7}"#,
        ] {
            #expect(throws: MarkerError.self) { try withBytes(bad) { bytes throws in try EndMarker(decoding: bytes) } }
        }
        let large = [
            #"{"digest":"fedcba9876543210","lastSeq":9223372036854775808,"records":7}"#,
            #"{"digest":"fedcba9876543210","lastSeq":9007199254740993,"records":7}"#,
            #"{"digest":"fedcba9876543210","lastSeq":7,"records":9007199254740993}"#,
        ]
        for text in large {
            #expect(throws: MarkerError(message: "an end marker with a number out of range")) {
                try withBytes(text) { bytes throws in try EndMarker(decoding: bytes) }
            }
        }
    }
}

@Suite struct FieldErrorTests {
    @Test func json() {
        let errors = [
            FieldError(field: "age", code: "not_an_integer", message: "is not a whole number"),
            FieldError(field: "a\"b\\c\u{0}\n\u{7F}é", code: "x", message: ""),
        ]
        let text = String(decoding: FieldError.json(errors), as: UTF8.self)
        #expect(
            text == """
                [{"field":"age","code":"not_an_integer","message":"is not a whole number"},\
                {"field":"a\\"b\\\\c\u{FFFD}\u{FFFD}\u{FFFD}é","code":"x","message":""}]
                """)
        let read = withBytes(text) { FieldError.parse($0) }
        #expect(read?.first == errors[0])
        #expect(read?.last?.field == "a\"b\\c\u{FFFD}\u{FFFD}\u{FFFD}é")
        #expect(FieldError.json([]) == Array("[]".utf8))
    }

    @Test(arguments: [
        "", "{}", "[{}]", "[1]", #"[{"field":"a","code":"b"}]"#, #"[{"field":"a\u0000","code":"b","message":"c"}]"#,
        #"[{"field":"a","field":"a","code":"b","message":"c"}]"#, #"[{"field":"a","code":"b","message":"c"}"#,
    ])
    func noList(text: String) { #expect(withBytes(text) { FieldError.parse($0) } == nil) }

    /// Beside a value of the greatest length, key and header, a message must still fit.
    @Test func errorsAreBounded() {
        let member = (0..<200).map { index in
            "\"\(index)" + String(repeating: "\\u0001", count: 80) + "\":\"\\ud800\""
        }
        guard case .invalid(let errors) = validate("{" + member.joined(separator: ",") + "}") else {
            Issue.record("valid")
            return
        }
        #expect(errors.count == 32)
        #expect(errors.last?.code == "too_many_errors")
        #expect(FieldError.json(errors).count <= Limits.errorsBytes)
        #expect(
            Limits.valueBytes + Limits.errorsBytes + WireHeader.maximumSize + 512 <= Limits.messageBytes)
    }

    @Test func longNamesAreCut() {
        let name = withBytes(String(repeating: "é", count: 40)) { FieldError.fieldName($0) }
        #expect(name == String(repeating: "é", count: 30) + "…")
        #expect(name.utf8.count <= FieldError.longestField)
    }
}
