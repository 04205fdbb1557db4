// For Tests/Torture: places where the program kills itself, and faults of its own that the rig has to find. Compiled into
// debug builds only (Package.swift); in others every call is empty and every question is answered with no.

package import Kafka

#if TORTURE
    internal import Glibc
    internal import Synchronization
#endif

package enum PlantedBug: String, Sendable {
    case swapDropped, progressNotSwapped, offsetsBeforeRows, highWaterMark, anchorNotCompared, cachedProgressKept
    case endedJobsForgotten, lastBatchDropped, keyComparedAsString, updateOutOfOrder, nullKeeps, rejectModeSkips
    case rejectCut, duplicatesNotCounted, agesNotCounted, fixForgotten
    case deliveryErrorIgnored, ackWithoutOffsetBelieved, acksAfterGapKept, otherLogBelieved, resumeSkipsOne
    case endMarkerEarly, endMarkerOfEmptyMissing, changedFileUnnoticed, rejectsExitZero
}

/// A message that is not sent, and is reported once those behind it are: as failed or, as librdkafka 2.0.2 can say it, as
/// delivered without an offset.
struct UnsentMessage {
    #if TORTURE
        private var held: (token: UInt, isError: Bool, looks: Int)?

        mutating func takes(_ token: UInt) -> Bool {
            guard let isError = Torture.isNextUnsent() else { return false }
            held = (token, isError, 2)
            return true
        }

        mutating func due() -> (token: UInt, error: KafkaError?)? {
            guard let (token, isError, looks) = held else { return nil }
            held = looks > 0 ? (token, isError, looks - 1) : nil
            return looks > 0 ? nil : (token, isError ? KafkaError(code: .state, message: "not sent") : nil)
        }
    #else
        @inline(__always)
        mutating func takes(_: UInt) -> Bool { false }

        @inline(__always)
        mutating func due() -> (token: UInt, error: KafkaError?)? { nil }
    #endif
}

package enum Torture {
    #if TORTURE
        /// USERLOAD_BUG: a bug's name.
        private static let bug = variable("USERLOAD_BUG").flatMap(PlantedBug.init(rawValue:))
        /// USERLOAD_CRASH_AT=PLACE:N: the N-th time there.
        private static let crash = Countdown("USERLOAD_CRASH_AT")
        /// USERLOAD_STOP_AT=PLACE:N: the N-th time there it stands still, until SIGCONT.
        private static let stop = Countdown("USERLOAD_STOP_AT")
        /// USERLOAD_NOT_SENT=error:N or offset:N: the N-th message.
        private static let unsent = Countdown("USERLOAD_NOT_SENT")

        package static func has(_ bug: PlantedBug) -> Bool { Self.bug == bug }

        package static func reached(_ place: @autoclosure () -> String) {
            if let crash, crash.name == place(), crash.isDue() { kill(getpid(), SIGKILL) }
            if let stop, stop.name == place(), stop.isDue() { kill(getpid(), SIGSTOP) }
        }

        /// Whether the message is to be reported as failed; nil: it is sent.
        fileprivate static func isNextUnsent() -> Bool? {
            guard let unsent, unsent.isDue() else { return nil }
            return unsent.name == "error"
        }

        /// USERLOAD_MOCK_ERRORS=KEY:CODE,CODE… …: the errors that the mock cluster answers requests of a kind with, one
        /// each (0: none), by Kafka's numbers.
        package static func fails(_ broker: DevBroker) {
            for part in variable("USERLOAD_MOCK_ERRORS")?.split(separator: " ") ?? [] {
                let numbers = part.split { $0 == ":" || $0 == "," }.compactMap { Int32($0) }
                guard let key = numbers.first else { continue }
                let codes = numbers.dropFirst().map(KafkaErrorCode.init(rawValue:))
                broker.fail(DevBroker.Request(rawValue: Int16(key)), with: codes)
            }
        }

        private static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

        private final class Countdown: Sendable {
            let name: String
            private let left: Atomic<Int>

            init?(_ variable: String) {
                guard let parts = Torture.variable(variable)?.split(separator: ":"), parts.count == 2,
                    let count = Int(parts[1])
                else { return nil }
                name = String(parts[0])
                left = Atomic(count)
            }

            func isDue() -> Bool { left.subtract(1, ordering: .relaxed).newValue == 0 }
        }
    #else
        @inline(__always)
        package static func has(_: PlantedBug) -> Bool { false }

        @inline(__always)
        package static func reached(_: @autoclosure () -> String) {}

        @inline(__always)
        package static func fails(_: DevBroker) {}
    #endif
}
