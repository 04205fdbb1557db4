// `userload rejects -o fix.csv`: the rejects of jobs as a file that is corrected and loaded.

import CommandLineOptions
import Log
import Pipeline
import Records

struct FixFile {
    let session: DatabaseSession
    let context: Context
    /// Also rejects that were fixed since.
    let all: Bool

    private(set) var written: Int64 = 0
    private(set) var leftOut: Int64 = 0

    init(session: DatabaseSession, context: Context, all: Bool) {
        self.session = session
        self.context = context
        self.all = all
    }

    /// Writes the rejects of all jobs, a line at a time.
    /// - Throws: `Failure`: they cannot stand in one file.
    mutating func write(_ jobs: [JobStatus], _ body: ([UInt8]) throws -> Void) throws {
        let jobs = jobs.filter { all ? $0.rejected > 0 : $0.unfixed > 0 }
        let loads = Set(jobs.map { $0.rejectCommands.load("FILE") })
        guard loads.count < 2 else {
            throw Failure(
                .input, "the files were pushed with different options: their rejects cannot be in one file",
                hint: Self.oneByOne(jobs))
        }
        let csv = jobs.filter(\.isCSV)
        guard csv.isEmpty || csv.count == jobs.count else {
            throw Failure(
                .input, "some of the files are CSV and some are JSON: their rejects cannot go into one file",
                hint: Self.oneByOne(jobs))
        }
        if csv.isEmpty { try writeObjects(jobs, body) } else { try writeRows(jobs, body) }
    }

    private mutating func writeRows(_ jobs: [JobStatus], _ body: ([UInt8]) throws -> Void) throws {
        let parents = try jobs.map { job in
            guard let parent = job.fixParent else {
                throw Failure(
                    .input, "the columns of \(job.slug) are not known: its header row is not kept any more",
                    hint: "`userload rejects \(job.slug)` prints what there is")
            }
            return parent
        }
        guard let sheet = FixSheet(parents) else {
            throw Failure(
                .input, "the files have columns that do not go together: their rejects cannot go into one file",
                hint: Self.oneByOne(jobs))
        }
        for (index, job) in jobs.enumerated() {
            try forEach(job) { stamp, reject in
                sheet.row(of: index, stamp, reject.bytes, isOriginal: reject.form != .json)
            } body: { row, isFirst in
                try body((isFirst ? sheet.header + [0x0A] : []) + row + [0x0A])
            }
        }
    }

    private mutating func writeObjects(_ jobs: [JobStatus], _ body: ([UInt8]) throws -> Void) throws {
        for job in jobs {
            var keys = FixKeys()
            try session.jobs.rejects(of: job.id, all: all) { reject in
                if reject.form == .raw { keys.add(reject.bytes) }
            }
            let objects = FixObjects(keys, job.inputFlags ?? InputFlags())
            try forEach(job) { stamp, reject in
                objects.line(stamp, reject.bytes, isOriginal: reject.form != .json)
            } body: { line, _ in
                try body(line + [0x0A])
            }
        }
    }

    private mutating func forEach(
        _ job: JobStatus, _ line: (FixStamp, Reject) -> [UInt8]?, body: ([UInt8], _ isFirst: Bool) throws -> Void
    ) throws {
        let records = job.keptRecords
        var (written, leftOut) = (self.written, self.leftOut)
        try session.jobs.rejects(of: job.id, all: all) { reject in
            var found: [UInt8]?
            if reject.form != .truncated { found = line(reject.stamp(job, records), reject) }
            if let found {
                try body(found, written == 0)
                written += 1
            } else {
                leftOut += 1
                let reason =
                    reject.form == .truncated
                    ? "only \(grouped(reject.bytes.count)) of its \(grouped(reject.length)) bytes are kept"
                    : "it is not a JSON object"
                context.logger.warning("\(reject.place(in: job)) of \(job.slug) is left out: \(reason)")
            }
        }
        (self.written, self.leftOut) = (written, leftOut)
    }

    private static func oneByOne(_ jobs: [JobStatus]) -> String {
        let first = jobs.prefix(10).map { "`userload rejects \($0.slug) -o \($0.slug).\($0.isCSV ? "csv" : "jsonl")`" }
            .joined(separator: ", ")
        return "one by one: \(first)" + (jobs.count > 10 ? ", …" : "")
    }
}

extension Reject {
    /// What is wrong with it, and which values, in one cell.
    fileprivate func stamp(_ job: JobStatus, _ records: KeptRecords) -> FixStamp {
        let words = errors.map { error in
            let value =
                error.field.isEmpty ? nil : records.value(of: error, in: bytes, isOriginal: form != .json)
            return describe(error, value: value)
        }
        // Those of other producers have no number of their own; nothing is noted on them.
        let number = job.id == .foreign ? kafkaOffset : seq
        // Of other producers' messages the text is theirs, too; a spreadsheet takes = + - @ for a formula.
        let text = escaped(words.joined(separator: "; "))
        let isFormula = text.first.map { "=+-@".contains($0) } ?? false
        return FixStamp(
            job: job.id.text, reject: "\(partition).\(number)", line: line, errors: isFormula ? "'" + text : text)
    }

    /// `line 17`
    func place(in job: JobStatus) -> String {
        job.id == .foreign ? "partition \(partition), offset \(grouped(kafkaOffset))" : "line \(grouped(line))"
    }
}

extension JobStatus {
    var isCSV: Bool { format == Form.csv.rawValue }

    fileprivate var fixParent: FixParent? {
        FixParent(
            delimiter: delimiter?.utf8.first, header: header.map { Array($0) }, flags: inputFlags ?? InputFlags())
    }
}
