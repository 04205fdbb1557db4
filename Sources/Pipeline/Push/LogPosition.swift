// Where a message of ours stands in a partition's log, and what of a partition is known to stand there.

/// A message of a job: its sequence number and the offset the broker gave it.
package struct LogPosition: Codable, Equatable, Sendable {
    package var seq: UInt64
    package var offset: Int64

    package init(seq: UInt64, offset: Int64) {
        self.seq = seq
        self.offset = offset
    }
}

/// What of one partition is acknowledged: all of the job's messages up to `last`. `first` is the first one
/// acknowledged in this log; with `last` it tells whether the log is still the same.
package struct Acknowledged: Codable, Equatable, Sendable {
    package var first: LogPosition
    package var last: LogPosition

    package init(first: LogPosition, last: LogPosition) {
        self.first = first
        self.last = last
    }
}
