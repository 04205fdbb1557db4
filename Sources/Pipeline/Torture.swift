// For Tests/Torture: places where the program kills itself, and faults of its own that the rig has to find. Compiled in with
// -DTORTURE only; without it every call is empty and every question is answered with no.

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

/// A message that is reported though it was not sent.
enum UnsentReport: String {
    case error
    /// Delivered, but without an offset, as librdkafka 2.0.2 can say it.
    case offset
}

package enum Torture {
    #if TORTURE
        /// USERLOAD_BUG: a bug's name.
        private static let bug = variable("USERLOAD_BUG").flatMap(PlantedBug.init(rawValue:))
        /// USERLOAD_CRASH_AT=PLACE:N: the N-th time there.
        private static let crash = Countdown("USERLOAD_CRASH_AT")
        /// USERLOAD_NOT_SENT=error:N or offset:N: the N-th message.
        private static let unsent = Countdown("USERLOAD_NOT_SENT")

        package static func has(_ bug: PlantedBug) -> Bool { Self.bug == bug }

        package static func reached(_ place: @autoclosure () -> String) {
            guard let crash, crash.name == place(), crash.isDue() else { return }
            kill(getpid(), SIGKILL)
        }

        static func notSent() -> UnsentReport? {
            guard let unsent, unsent.isDue() else { return nil }
            return UnsentReport(rawValue: unsent.name)
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
        static func notSent() -> UnsentReport? { nil }
    #endif
}
