// What `userload rejects --summary` prints.

import CommandLineOptions
import Log
import Pipeline
import Records

/// Escaped.
func rejectCodesReport(_ codes: RejectCodes, of job: JobStatus) -> [String] {
    guard codes.rejects > 0 else { return [noRejects(job)] }
    var lines = ["\(counted(codes.rejects, "reject")) of \(job.slug)"]
    lines += codes.codes.map { "  \(grouped($0.count)) \($0.code)" }
    guard codes.truncated > 0 else { return lines.map(escaped) }
    lines.append(
        "\(grouped(codes.truncated)) of them \(codes.truncated == 1 ? "is" : "are") kept only in part, so correct "
            + "\(codes.truncated == 1 ? "it" : "them") in the file itself:")
    lines += codes.firstTruncated.map { "  \(words($0, of: job)) (\(grouped($0.length)) bytes)" }
    let rest = codes.truncated - Int64(codes.firstTruncated.count)
    if rest > 0 { lines.append("  and \(grouped(rest)) more") }
    return lines.map(escaped)
}

func rejectCodesDocument(_ codes: RejectCodes, of job: JobStatus) -> JSONValue {
    .object([
        ("slug", .string(job.slug)), ("rejects", .integer(codes.rejects)),
        ("codes", .list(codes.codes.map { .object([("code", .string($0.code)), ("count", .integer($0.count))]) })),
        ("truncated", .integer(codes.truncated)),
    ])
}

private func words(_ place: RejectCodes.Place, of job: JobStatus) -> String {
    job.id == .foreign
        ? "partition \(place.partition), offset \(grouped(place.kafkaOffset))"
        : "line \(grouped(place.line)), byte \(grouped(place.byteOffset))"
}
