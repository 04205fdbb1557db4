// Files as they were always taken keep the ids of their jobs: a push that was interrupted before an upgrade resumes, and
// one that was finished stays finished.

import Testing

@testable import Records

@Suite struct FixedIDTests {
    /// Made with the program as it was before it took anything but plain CSV and JSON lines.
    static let ids: [(file: String, format: Format, id: String)] = [
        ("name,age\nAnn,35\n", .csv, "bszkh0tf19612mdcna2t2075f4"),
        ("\u{FEFF}name,age\r\nAnn,35\r\n", .csv, "wq7wxnjprcj2c14h52p1k8ch14"),
        (
            "\n\nname.firstName,name.lastName,age,email,address.line1,gender\nAnn,Lee,35,a@b,x,f\n", .csv,
            "phy37bvwx8659009yqpzstn9rr"
        ),
        ("age, name ,\"note\"\n35,Ann,\n36,\n", .csv, "jgwjb4f9xjd7z11ag1g0b6cy2g"),
        ("name,age\n", .csv, "bpd64tggrbvpe94va4p9300v38"),
        ("{\"name\":\"Ann\",\"age\":35}\n", .jsonl, "zdfwa4s87fy7hfew5txxgyks60"),
        (
            "\n{\"name\":{\"firstName\":\"Ann\",\"lastName\":\"Lee\"},\"age\":35,\"x\":1}\nnonsense\n", .jsonl,
            "apz054whq41h2qz4kqxbp0h7cc"
        ),
    ]

    static func id(_ file: String, _ format: Format) throws -> String {
        let bytes = Array(file.utf8)
        let plan = Plan(
            input: try conclude(bytes), keyFields: .standard, partitions: 12, onDuplicate: .skip)
        #expect(plan.isPlain)
        #expect(plan.input.form.rawValue == format.rawValue)
        let hasher = try ContentHasher()
        withBytes(bytes) { hasher.update($0) }
        return plan.jobID(content: hasher.finish(), size: UInt64(bytes.count), label: nil, nonce: nil).text
    }

    @Test func plainFilesKeepTheirIDs() throws {
        for (file, format, id) in Self.ids { #expect(try Self.id(file, format) == id, "\(file)") }
    }

    /// The first version made rejects of these rows: what it began, this one must not go on with.
    @Test func surplusCellsAreAnotherPlan() throws {
        let file = Array("name,age\nAnn,35,\nBo,2\n".utf8)
        let plan = Plan(input: try conclude(file), keyFields: .standard, partitions: 12, onDuplicate: .skip)
        var first = plan
        first.input.hasSurplus = false
        #expect(!plan.isPlain && first.isPlain)
        let content = withBytes(file) { ContentHash(of: $0) }
        func id(_ plan: Plan) -> JobID { plan.jobID(content: content, size: 0, label: nil, nonce: nil) }
        #expect(id(plan) != id(first))
        // Cells that are not empty were rejects and are.
        #expect(try conclude(Array("name,age\nBo,2\nAnn,35,x\n".utf8)).isPlain)
        // The row that the window cuts says nothing.
        #expect(try conclude(Array("name,age\nBo,2\nAnn,35,".utf8), isWhole: false).isPlain)
    }
}
