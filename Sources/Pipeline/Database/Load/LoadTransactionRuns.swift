// The runs whose start markers a batch has: written behind COPY, so that nobody waits for it because of them.

internal import Postgres
internal import Records

extension LoadTransaction {
    func runs() -> [Statement] {
        let runs = batch.runs.entries.sorted { $0.key < $1.key }.map(\.value)
        guard !runs.isEmpty else { return [] }
        let jobs = runs.flatMap { entry in
            entry.copies.sorted { $0.key < $1.key }.map { (run: entry.run.id, job: $0.key, copies: $0.value) }
        }
        return [
            Statement(
                statements.runs,
                [
                    .array(runs.map(\.run.id.uuid)), .array(runs.map(\.run.host)),
                    .optionalArray(runs.map(\.run.label)),
                    .array(runs.map(\.run.files)), .array(runs.map(\.run.startedAt.milliseconds)),
                    .array(runs.map(\.sentAt)),
                ]),
            Statement(
                statements.runJobs,
                [.array(jobs.map(\.run.uuid)), .array(jobs.map(\.job.uuid)), .array(jobs.map(\.copies))]),
        ]
    }
}
