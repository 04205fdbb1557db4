// The words between the producer session and whoever performs it: actions, looks into the log, reasons to stop.

package import Kafka

extension ProducerSession {
    package enum Action: Equatable {
        /// Make a producer, then `opened` or `failed`.
        case open
        /// The first job's start marker to each partition, with `token(startMarkerOf:)`.
        case sendStartMarkers
        /// Look for `positions(for:)` in the log, then `verified` or `failed`.
        case verify(LogLook)
        /// The log is another one: the input is read from its start again.
        case startOver
        /// Hand the window's message to the producer, then `transmitted`, or `heldUp` if it has no room.
        case transmit(Int)
        /// Append the next message to the window, or say `inputEnded`.
        case read
        /// The log has every job whole: append the next of their markers again, or say `inputEnded`.
        case repeatEnd
        /// Nothing to hand over: serve reports.
        case wait
        /// Close the producer, its remaining reports included, then `closed`.
        case close
        /// Nothing to do before this moment.
        case rest(until: Duration)
        case done
        case stop(Stop)
    }

    package enum LogLook: Equatable, Sendable { case last, firstAndLast }

    /// What a look into the log said.
    package enum LogEvidence: Equatable, Sendable {
        case believed
        /// The log begins above our message in these lanes: retention took it.
        case expired([Int])
        /// The log may not be read.
        case unreadable
        /// It is not our message: another log.
        case another
    }

    package enum Stop: Equatable, Sendable {
        /// Trying again would change nothing, or was tried often enough.
        case failed(KafkaError)
        /// Nothing was acknowledged for the whole timeout.
        case stalled(KafkaError?)
        /// The log is not, or not surely, the one that holds what was acknowledged, and the input cannot be read again.
        case lost(isReadable: Bool)
        /// The log was another one again and again.
        case restless
    }

    /// What the journal says of the job.
    package enum Claim: Equatable, Sendable { case nothing, open, pushed }
}
