// `status --json`: the keys that scripts rely on. Adding one is fine, renaming one is not.

import Pipeline
import Records

/// - Parameter errors: nil in a list of jobs.
func statusDocument(_ job: JobStatus, errors: JobErrors? = nil, showsValues: Bool = false) -> JSONValue {
    let rejects: [(String, JSONValue)] = [("rejects", .list(job.firstRejects.map(rejectDocument)))]
    let members: [(String, JSONValue)] = [
        ("slug", .string(job.slug)),
        ("label", JSONValue(job.label)),
        ("file", JSONValue(job.file)),
        ("size", JSONValue(job.size)),
        ("host", JSONValue(job.host)),
        ("conclusion", JSONValue(job.conclusion)),
        ("state", .string(job.state.rawValue)),
        ("lines", .integer(job.lines)),
        ("inserted", .integer(job.inserted)),
        ("updated", .integer(job.updated)),
        ("duplicates", .integer(job.duplicates)),
        ("rejected", .integer(job.rejected)),
        ("fixed", .integer(job.fixed)),
        ("percent", JSONValue(job.percent)),
        ("pushed_at", JSONValue(job.pushedAt)),
        ("completed_at", JSONValue(job.completedAt)),
    ]
    guard let errors else { return .object(members + rejects) }
    let groups = job.groups(errors).map { $0.document(showsValues: showsValues) }
    return .object(members + rejects + [("rejects_examined", .integer(errors.rejects)), ("errors", .list(groups))])
}

private func rejectDocument(_ reject: RejectSummary) -> JSONValue {
    .object([("line", .integer(reject.line)), ("errors", errorsDocument(reject.errors))])
}

func errorsDocument(_ errors: [FieldError]) -> JSONValue {
    .list(
        errors.map {
            .object([("field", .string($0.field)), ("code", .string($0.code)), ("message", .string($0.message))])
        })
}
