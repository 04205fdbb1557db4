// The exit codes, the same in every command. The README has the same table, and a test compares the two.

enum ExitCode: Int32, CaseIterable, Comparable, Sendable {
    case done = 0
    case doneWithRejects = 1
    case usage = 2
    case incomplete = 3
    case noSuchJob = 4
    case input = 5
    case kafka = 6
    case postgres = 7
    case configuration = 8
    case locked = 9
    case interrupted = 130

    var meaning: String {
        switch self {
        case .done: "done"
        case .doneWithRejects: "done, with rejects (`load`, `work --drain`, `status --wait`, `check`)"
        case .usage: "usage"
        case .incomplete: "not complete (timeout, open, stalled, inconsistent, abandoned, undone)"
        case .noSuchJob: "no such job"
        case .input: "input refused (file, header, format, changed while read)"
        case .kafka: "Kafka"
        case .postgres: "Postgres"
        case .configuration: "configuration (unique key, schema, rights, KAFKA_CONFIG, `--move-to`)"
        case .locked: "another push of the same file is under way (`--lock-timeout`)"
        case .interrupted: "interrupted"
        }
    }

    /// Of several outcomes the highest counts.
    static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}
