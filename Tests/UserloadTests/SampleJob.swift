// A job as the database would describe it, for tests of what is said of it.

import Foundation
import Records

@testable import Pipeline
@testable import userload

/// 2026-11-23 09:00:00 UTC.
let sampleNow = Date(timeIntervalSince1970: 1_795_424_400)

/// Slug 4x7k2m9q; a completed job of a million lines, pushed at 02:00 and in the database at 02:01.
func sampleJob(
    id: JobID = JobID(text: "4x7k2m9q000000000000000000")!, state: JobState = .completed, reason: JobReason? = nil,
    label: String? = nil, file: String? = "/data/people.csv", size: Int64? = 112_000_000, host: String? = "etl1",
    lines: Int64 = 1_000_000, inserted: Int64 = 10_000, duplicates: Int64 = 989_488, rejected: Int64 = 512,
    percent: Int? = 100, pushedAt: Date? = sampleNow - 7 * 3600, pushedAgainAt: Date? = nil,
    completedAt: Date? = sampleNow - 7 * 3600 + 60, lastRecordAge: Double? = 25_140, abandonedAt: Date? = nil,
    keyFields: [String]? = ["name", "age"], format: String? = "csv", options: [String]? = ["/data/people.csv"],
    delimiter: String? = nil, header: String? = nil, conclusion: String? = nil, firstRejects: [RejectSummary] = []
) -> JobStatus {
    JobStatus(
        id: id, state: state, reason: reason, label: label, file: file, size: size, host: host, lines: lines,
        inserted: inserted, updated: 0, duplicates: duplicates, rejected: rejected, bytes: 0, percent: percent,
        pushedAt: pushedAt, pushedAgainAt: pushedAgainAt, completedAt: completedAt,
        firstSeenAt: sampleNow - (lastRecordAge ?? 0) - 10, lastRecordAt: lastRecordAge.map { sampleNow - $0 },
        lastRecordAge: lastRecordAge, abandonedAt: abandonedAt, undoneAt: nil, keyFields: keyFields,
        databaseKeyFields: ["name", "age"], onDuplicate: "skip", wireVersion: 1, format: format,
        delimiter: delimiter, header: header.map { Data($0.utf8) }, options: options, again: false, contentHash: nil,
        partitions: 12, partitionsEnded: 12,
        cluster: nil, topic: "users", conclusion: conclusion, firstRejects: firstRejects)
}

/// An open job of 42 %.
func openJob(
    id: JobID = JobID(text: "4x7k2m9q000000000000000000")!,
    state: JobState = .processing, reason: JobReason? = nil, file: String = "/data/people.csv",
    lastRecordAge: Double = 2, keyFields: [String] = ["name", "age"], options: [String] = ["/data/people.csv"]
) -> JobStatus {
    sampleJob(
        id: id, state: state, reason: reason, file: file, lines: 3_100_000, inserted: 3_100_000, duplicates: 0,
        rejected: 0, percent: 42, completedAt: nil, lastRecordAge: lastRecordAge, keyFields: keyFields, options: options
    )
}

func reject(line: Int64, _ errors: FieldError...) -> RejectSummary {
    RejectSummary(line: line, partition: 3, kafkaOffset: 17, errors: errors)
}

let utc = Times(now: sampleNow, zone: TimeZone(secondsFromGMT: 0)!)

func report(_ job: JobStatus, _ errors: JobErrors? = nil, showsValues: Bool = false) -> [String] {
    StatusReport(job: job, times: utc, errors: errors, showsValues: showsValues).lines
}
