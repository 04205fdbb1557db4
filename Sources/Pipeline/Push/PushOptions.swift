// What a push is asked to do, what it tells meanwhile, and what came of each file.

package import Foundation
package import Records

/// Defaults are those of `userload push`.
package struct PushOptions: Sendable {
    /// What is said of the files; the rest is concluded from their bytes.
    package var input = InputFlags()
    /// A file that breaks them is refused.
    package var limits = RecordLimits()
    /// Values of people may be quoted.
    package var showsValues = false
    package var label: String?
    /// A new job of the same content, or the unfinished one that an earlier `again` began.
    package var again = false
    /// The same job once more, from its start.
    package var resend = false
    package var keyFields = KeyFields.standard
    package var onDuplicate = OnDuplicate.skip
    /// Of a topic that has to be made; nil: 12.
    package var partitions: Int?
    /// Of a topic that has to be made; −1: the broker's own.
    package var replication = -1
    /// Of a topic that has to be made.
    package var retention = Duration.seconds(7 * 86_400)
    /// How long Kafka may acknowledge nothing.
    package var stallTimeout = Duration.seconds(300)
    /// How long a file is waited for that another process is pushing; for all files together.
    package var lockTimeout = Duration.seconds(300)
    /// As it was typed, for those who wait for this push.
    package var command = ""
    /// nil: no journal can be kept.
    package var stateDirectory: String?

    package init() {}
}

/// One push event; all come on the thread that pushes.
package enum PushEvent: Sendable {
    /// A sentence for people. `isWarning`: somebody should look at it.
    case notice(String, isWarning: Bool)
    /// A sentence of what a person has to mend; the push goes on.
    case fault(String)
    /// Another process is pushing this file: a sentence.
    case waiting(String)
    /// What the file was taken for: `people.csv  CSV, ";": "Full Name" → name, age`.
    case concluded(String)
    /// All start markers of this file's job are acknowledged.
    case started(JobID)
    /// About five times a second.
    case progress(PushProgress)
}

package struct PushProgress: Equatable, Sendable {
    package enum Phase: Equatable, Sendable {
        /// The first pass over the file.
        case checking
        /// Reading again what Kafka has already.
        case skipping
        case sending
    }

    package let input: String
    package let phase: Phase
    /// Bytes: read while checking; reached while skipping; acknowledged while sending.
    package let bytes: UInt64
    /// The file's; nil for a stream.
    package let size: UInt64?
    /// Where skipping ends.
    package let target: UInt64
    /// Records read in this run.
    package let records: UInt64
    /// Since this phase began.
    package let elapsed: Duration
    /// Bytes and records at the beginning of this phase.
    package let startBytes: UInt64
    package let startRecords: UInt64

    package init(
        input: String, phase: Phase, bytes: UInt64, size: UInt64?, target: UInt64 = 0, records: UInt64 = 0,
        elapsed: Duration, startBytes: UInt64 = 0, startRecords: UInt64 = 0
    ) {
        self.input = input
        self.phase = phase
        self.bytes = bytes
        self.size = size
        self.target = target
        self.records = records
        self.elapsed = elapsed
        self.startBytes = startBytes
        self.startRecords = startRecords
    }
}

/// The result for one file.
package struct PushOutcome: Sendable {
    package enum Result: Equatable, Sendable {
        case pushed
        /// `expired`: the log has dropped it since.
        case alreadyPushed(Date, expired: Bool)
        case failed(PipelineError)
    }

    /// As it was given; `-` for stdin.
    package let input: String
    /// nil: refused before there was one, or no start marker was acknowledged.
    package var job: JobID?
    package var result: Result
    /// Records and rejects read, in bytes of the input.
    package var records: UInt64 = 0
    package var rejects: UInt64 = 0
    /// Of the rejects, how many the journal says a person was told of.
    package var toldRejects: UInt64 = 0
    /// Records with a field that broke its rule and stays as it came.
    package var spared: UInt64 = 0
    /// What is wrong with the rejects, the most frequent first.
    package var errors: [ErrorTally.Errors] = []
    /// nil: refused before it was known.
    package var form: Form?
    package var bytes: UInt64 = 0
    /// Of the records, those acknowledged.
    package var acknowledged: UInt64 = 0
    /// nil: not all of them were acknowledged in this run.
    package var ends: EndOffsets?
    /// nil: a stream, or it was not read to its end.
    package var file: PushedFile?
    package var duration = Duration.zero
    /// A new process can resume where this one stopped.
    package var isResumable = true

    package init(input: String, result: Result = .pushed) {
        self.input = input
        self.result = result
    }
}
