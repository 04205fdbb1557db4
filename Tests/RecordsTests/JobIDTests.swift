// Job ids as text, slug and uuid, and the plan they come from.

import Testing

@testable import Records

@Suite struct JobIDTests {
    static let texts: [(JobID, String, String)] = [
        (JobID(high: 0, low: 1), "00000000000000000000000004", "00000000-0000-0000-0000-000000000001"),
        (JobID(high: .max, low: .max), "zzzzzzzzzzzzzzzzzzzzzzzzzw", "ffffffff-ffff-ffff-ffff-ffffffffffff"),
        (JobID(high: 1 << 63, low: 0), "g0000000000000000000000000", "80000000-0000-0000-0000-000000000000"),
        (testJob, "04hmasw9nf6yzzpwqac7cn1j20", "01234567-89ab-cdef-fedc-ba9876543210"),
    ]

    @Test(arguments: texts) func textAndUUID(id: JobID, text: String, uuid: String) {
        #expect(id.text == text)
        #expect(id.slug == String(text.prefix(8)))
        #expect(id.uuid == uuid)
        #expect(JobID(text: text) == id)
        #expect(JobID(uuid: uuid) == id)
        #expect(JobID(text: text.uppercased()) == id)
        #expect(JobID(uuid: uuid.uppercased()) == id)
    }

    @Test func foreignIsADash() {
        #expect(JobID.foreign.text == "-")
        #expect(JobID.foreign.slug == "-")
        #expect(JobID(text: "-") == .foreign)
        #expect(JobID.foreign.uuid == "00000000-0000-0000-0000-000000000000")
    }

    @Test func crockfordsLookalikes() {
        #expect(JobID(text: "OIL00000000000000000000000") == JobID(text: "01100000000000000000000000"))
    }

    @Test(arguments: ["", "0", "0000000000000000000000000u", "00000000000000000000000001", "é000000000000000000000000"])
    func noText(text: String) { #expect(JobID(text: text) == nil) }

    @Test(arguments: ["", "0123456789abcdeffedcba9876543210", "01234567-89ab-cdef-fedc-ba987654321g"])
    func noUUID(text: String) { #expect(JobID(uuid: text) == nil) }

    @Test func bytesAndOrder() {
        let bytes: [UInt8] = [
            1, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF, 0xFE, 0xDC, 0xBA, 0x98, 0x76, 0x54, 0x32, 0x10,
        ]
        #expect(JobID(bytes16: bytes) == testJob)
        #expect(JobID(high: 0, low: .max) < JobID(high: 1, low: 0))
        #expect(JobID(high: 1, low: 1) > JobID(high: 1, low: 0))
    }
}

@Suite struct PlanTests {
    /// One column, which is no person, but all that its id was ever made of.
    static let csv: Conclusion = {
        var conclusion = Conclusion(form: .csv)
        conclusion.header = Array("name,age".utf8)
        return conclusion
    }()
    static let plan = Plan(input: csv, keyFields: .standard, partitions: 12, onDuplicate: .skip)
    static let content = ContentHash(high: 1, low: 2)

    static func id(_ change: (inout Plan) -> Void = { _ in }) -> JobID {
        var plan = plan
        change(&plan)
        return plan.jobID(content: content, size: 3, label: nil, nonce: nil)
    }

    @Test func sameInputSameID() {
        #expect(Self.id() == Self.id())
    }

    /// A change here is a new job for every file in the world: raise a version instead, on purpose.
    @Test func golden() {
        #expect(Self.id().text == "r1kt1p3dg9d5e9s6wdv91v2zh0")
        #expect(Self.plan.jobID(nonce: [1, 2, 3]).text == "htawa5z0qdp80z4nkhs8cz4h24")
    }

    @Test func everyPartCounts() throws {
        let email = try KeyFields(parsing: "name,age,email")
        func input(_ change: (inout Conclusion) -> Void) -> JobID { Self.id { change(&$0.input) } }
        func column(_ source: String, _ path: String) -> Column {
            Column(source: [Array(source.utf8)], path: [Array(path.utf8)], match: .alias)
        }
        let day = try #require(CalendarDate(iso: "2026-11-24"))
        let next = try #require(CalendarDate(iso: "2026-11-25"))
        func age(_ day: CalendarDate, _ index: Int = 0, _ format: DateFormat? = nil) -> AgeSource {
            AgeSource(index: index, source: [[0x61]], asOf: day, format: format)
        }
        let ids = [
            Self.id(), input { $0.form = .jsonl }, input { $0.dialect = Dialect(delimiter: 0x3B) },
            input { $0.header = nil }, input { $0.header = [] }, Self.id { $0.keyFields = email },
            input { $0.form = .array }, input { $0.form = .objects }, input { $0.hasDelimiterLine = true },
            input { $0.skippedLines = 1 }, input { $0.null = [] }, input { $0.null = [0x2D] },
            input { $0.isRagged = true }, input { $0.lenient = .email }, input { $0.lenient = .all },
            input { $0.columns = [column("a", "name")] }, input { $0.columns = [column("b", "name")] },
            input { $0.columns = [column("a", "age")] }, input { $0.age = age(day) }, input { $0.age = age(next) },
            input { $0.age = age(day, 1) }, input { $0.age = age(day, 0, .dmy) }, input { $0.age = age(day, 0, .mdy) },
            Self.id { $0.encoding = "UTF-16" }, Self.id { $0.encoding = "windows-1252" },
            Self.plan.jobID(
                content: Self.content, size: 3, decoded: ContentHash(high: 9, low: 9), label: nil, nonce: nil),
            Self.id { $0.partitions = 13 },
            Self.plan.jobID(content: ContentHash(high: 2, low: 1), size: 3, label: nil, nonce: nil),
            Self.plan.jobID(content: Self.content, size: 4, label: nil, nonce: nil),
            Self.plan.jobID(content: Self.content, size: 3, label: "", nonce: nil),
            Self.plan.jobID(content: Self.content, size: 3, label: "nightly", nonce: nil),
            Self.plan.jobID(content: Self.content, size: 3, label: nil, nonce: []),
            Self.plan.jobID(content: Self.content, size: 3, label: nil, nonce: Array("nightly".utf8)),
            Self.plan.jobID(nonce: [1]), Self.plan.jobID(nonce: [2]),
        ]
        #expect(Set(ids).count == ids.count)
    }

    /// What is only said to people makes no other job.
    @Test func wordsDoNotCount() {
        let other = Self.id { plan in
            plan.input.fields = ["name"]
            plan.input.staying = ["x"]
            plan.input.notices = [Notice(text: "y")]
        }
        #expect(other == Self.id())
    }
}

@Suite struct HashTests {
    @Test func knownValues() {
        // From XXH3_64bits in C.
        #expect(withBytes("") { Hash.xxh3($0) } == 0x2D06_8005_38D3_94C2)
        #expect(withBytes("Rohit Prasad\u{0}35") { Hash.xxh3($0) } == 0xF9A5_EBDB_2C10_8E9D)
    }

    @Test func contentInPieces() throws {
        let bytes = (0..<5000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let whole = try ContentHasher()
        withBytes(bytes) { whole.update($0) }
        let pieces = try ContentHasher()
        for start in stride(from: 0, to: 5000, by: 77) {
            withBytes(Array(bytes[start..<min(start + 77, 5000)])) { pieces.update($0) }
        }
        #expect(whole.finish() == pieces.finish())
        #expect(ContentHash(text: whole.finish().text) == whole.finish())
        #expect(withBytes(bytes) { ContentHash(of: $0) } == whole.finish())
        whole.reset()
        #expect(whole.finish().text == "99aa06d3014798d86001c324468d497f")
        #expect(ContentHash(text: "99aa06d3014798d86001c324468d497") == nil)
        #expect(ContentHash(text: "+9aa06d3014798d86001c324468d497f") == nil)
    }

    @Test func digestDependsOnOrderAndBounds() {
        func digest(_ values: [String]) -> UInt64 {
            values.reduce(0) { digest, value in withBytes(value) { Digest.extend(digest, $0) } }
        }
        #expect(digest(["a", "b"]) != digest(["b", "a"]))
        #expect(digest(["a", "b"]) != digest(["ab"]))
        #expect(digest(["a", ""]) != digest(["a"]))
    }
}

@Suite struct KeyFieldsTests {
    @Test(arguments: [
        ("name,age", "name,age"), ("age,name", "name,age"), (" name , age ,email", "name,age,email"),
        ("phoneNumber,email,age,name", "name,age,email,phoneNumber"), ("name,age,phoneNumber", "name,age,phoneNumber"),
    ])
    func parsed(text: String, normalised: String) throws {
        #expect(try KeyFields(parsing: text).text == normalised)
    }

    @Test(arguments: [
        ("", "the unique key can have name, age, email and phoneNumber, not \"\""),
        ("name", "the unique key needs name and age; email and phoneNumber may join"),
        ("age,email", "the unique key needs name and age; email and phoneNumber may join"),
        ("name,age,", "the unique key can have name, age, email and phoneNumber, not \"\""),
        ("name,age,address", "the unique key can have name, age, email and phoneNumber, not \"address\""),
        ("name,age,name", "the unique key names name twice"),
    ])
    func refused(text: String, message: String) {
        #expect(throws: KeyFieldsError(message: message)) { try KeyFields(parsing: text) }
    }
}
