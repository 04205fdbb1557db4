// `status --json`: the keys that scripts rely on. Adding one is fine, renaming one is not.

import Pipeline
import Records

func statusDocument(_ job: JobStatus) -> JSONValue {
    .object([
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
        ("percent", JSONValue(job.percent)),
        ("pushed_at", JSONValue(job.pushedAt)),
        ("completed_at", JSONValue(job.completedAt)),
        ("rejects", .list(job.firstRejects.map(rejectDocument))),
    ])
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
