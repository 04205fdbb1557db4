// For Tests/Torture: places where the program kills itself, and faults of its own that the rig has to find. Compiled into
// debug builds only (Package.swift); in others every call is empty and every question is answered with no.

package import Kafka
internal import Records

#if TORTURE
    internal import Glibc
    internal import Synchronization
#endif

package enum PlantedBug: String, Sendable {
    case swapDropped, progressNotSwapped, offsetsBeforeRows, highWaterMark, anchorNotCompared, cachedProgressKept
    case endedJobsForgotten, lastBatchDropped, keyComparedAsString, updateOutOfOrder, nullKeeps, rejectModeSkips
    case rejectCut, duplicatesNotCounted, agesNotCounted, fixForgotten
    case deliveryErrorIgnored, ackWithoutOffsetBelieved, acksAfterGapKept, otherLogBelieved, resumeSkipsOne
    case endMarkerEarly, endMarkerWrongSeq, endMarkerOfEmptyMissing, changedFileUnnoticed, rejectsExitZero
    case generationNotCompared, rollbackBelieved, fixTakenTwice
    // Asked for by name in Files and Kafka, which stand below.
    case secondMemberDropped, destroyWithoutLimit
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

/// The last record of each partition, held back until its end marker was given out.
struct HeldRecords {
    #if TORTURE
        private struct Copy {
            let seq: UInt64
            let value: [UInt8]
            let key: [UInt8]?
            let header: [UInt8]
            let errors: [UInt8]?
            let position: UInt64

            init(_ record: OutgoingMessage, _ position: UInt64) {
                seq = record.seq
                value = Array(record.value)
                key = record.key.map { Array($0) }
                header = Array(record.header)
                errors = record.errors.map { Array($0) }
                self.position = position
            }
        }

        private var held: [Int32: Copy] = [:]

        /// Whether it is held; the one held before it in its partition goes into the window.
        mutating func takes(_ record: OutgoingMessage, _ position: UInt64, _ window: SendWindow, job: Int) -> Bool {
            guard Torture.has(.endMarkerEarly) else { return false }
            letGo(record.partition, window, job: job)
            held[record.partition] = Copy(record, position)
            return true
        }

        mutating func letGo(_ partition: Int32, _ window: SendWindow, job: Int) {
            guard let copy = held.removeValue(forKey: partition) else { return }
            let (value, header) = (ByteBuffer(copy.value), ByteBuffer(copy.header))
            let (key, errors) = (copy.key.map { ByteBuffer($0) }, copy.errors.map { ByteBuffer($0) })
            window.append(
                job: job, partition: partition, seq: copy.seq, value: value.bytes, key: key?.bytes,
                header: header.bytes, errors: errors?.bytes, position: copy.position)
            withExtendedLifetime((value, key, header, errors)) {}
        }
    #else
        @inline(__always)
        mutating func takes(_: OutgoingMessage, _: UInt64, _: SendWindow, job _: Int) -> Bool { false }

        @inline(__always)
        mutating func letGo(_: Int32, _: SendWindow, job _: Int) {}
    #endif
}

package enum Torture {
    #if TORTURE
        /// USERLOAD_BUG: a bug's name.
        private static let bug = variable("USERLOAD_BUG").flatMap(PlantedBug.init(rawValue:))
        /// USERLOAD_CRASH_AT=PLACE:N: the N-th time there.
        private static let crash = countdown("USERLOAD_CRASH_AT")
        /// USERLOAD_STOP_AT=PLACE:N: the N-th time there it stands still, until SIGCONT.
        private static let stop = countdown("USERLOAD_STOP_AT")
        /// USERLOAD_ABORT_AT=PLACE:N: the N-th time there the transaction fails, and nobody is told.
        private static let abort = countdown("USERLOAD_ABORT_AT")
        /// USERLOAD_NOT_SENT=error:N or offset:N: the N-th message.
        private static let unsent = countdown("USERLOAD_NOT_SENT", "unsent.")

        /// What would plant nothing ends the program, for the rig would take that for a bug that nobody sees.
        package static func check() {
            guard let mistake = mistake(variable) else { return }
            say(mistake)
            _exit(2)
        }

        static func mistake(_ variable: (String) -> String?) -> String? {
            if let bug = variable("USERLOAD_BUG"), PlantedBug(rawValue: bug) == nil {
                return "USERLOAD_BUG: there is no bug \(bug)"
            }
            for name in ["USERLOAD_CRASH_AT", "USERLOAD_STOP_AT", "USERLOAD_ABORT_AT"] {
                if let text = variable(name), Countdown(text) == nil { return "\(name): not PLACE:N: \(text)" }
            }
            if let text = variable("USERLOAD_NOT_SENT"), !["error", "offset"].contains(Countdown(text)?.name) {
                return "USERLOAD_NOT_SENT: neither error:N nor offset:N: \(text)"
            }
            if let text = variable("USERLOAD_MOCK_ERRORS"), MockErrors.all(text) == nil {
                return "USERLOAD_MOCK_ERRORS: not KEY:CODE,CODE…: \(text)"
            }
            return nil
        }

        package static func has(_ bug: PlantedBug) -> Bool { Self.bug == bug }

        /// SQL without one of its conditions.
        static func sql(_ text: String, without condition: @autoclosure () -> String, _ bug: PlantedBug) -> String {
            guard has(bug) else { return text }
            let parts = text.split(separator: condition(), omittingEmptySubsequences: false)
            precondition(parts.count == 2, "a condition that is not there")
            return parts.joined()
        }

        package static func reached(_ place: @autoclosure () -> String) {
            if let crash, crash.isDue(at: place()) { kill(getpid(), SIGKILL) }
            // Of a signal to the process another thread may learn first, and this one would go on for a while.
            if let stop, stop.isDue(at: place()) { raise(SIGSTOP) }
        }

        /// - Parameter fails: runs a statement that fails.
        static func reached(_ place: @autoclosure () -> String, fails: () -> Void) {
            reached(place())
            if let abort, abort.isDue(at: place()) { fails() }
        }

        /// Whether the message is to be reported as failed; nil: it is sent.
        fileprivate static func isNextUnsent() -> Bool? {
            guard let unsent, unsent.isDue() else { return nil }
            return unsent.name == "error"
        }

        /// USERLOAD_MOCK_ERRORS=KEY:CODE,CODE… …: the errors that the mock cluster answers requests of a kind with, one
        /// each (0: none), by Kafka's numbers.
        package static func fails(_ broker: DevBroker) {
            for errors in variable("USERLOAD_MOCK_ERRORS").flatMap(MockErrors.all) ?? [] {
                broker.fail(DevBroker.Request(rawValue: errors.request), with: errors.codes)
            }
        }

        private struct MockErrors {
            let request: Int16
            let codes: [KafkaErrorCode]

            init?(_ text: some StringProtocol) {
                let parts = text.split(separator: ":", omittingEmptySubsequences: false)
                guard parts.count == 2, let request = Int16(parts[0]) else { return nil }
                let words = parts[1].split(separator: ",", omittingEmptySubsequences: false)
                self.request = request
                codes = words.compactMap { Int32($0) }.map(KafkaErrorCode.init(rawValue:))
                if codes.count < words.count { return nil }
            }

            /// nil: some are not what they must be.
            static func all(_ text: String) -> [MockErrors]? {
                let parts = text.split(separator: " ")
                let errors = parts.compactMap { MockErrors($0) }
                return errors.count == parts.count ? errors : nil
            }
        }

        private static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

        /// A line to standard error, whole, whatever is about to happen to the process.
        private static func say(_ words: String) {
            let line = Array("torture: \(words)\n".utf8)
            _ = write(2, line, line.count)
        }

        private static func countdown(_ name: String, _ prefix: String = "") -> Countdown? {
            variable(name).flatMap { Countdown($0, prefix) }
        }

        private final class Countdown: Sendable {
            let name: String
            /// Of the line that says that it was due.
            private let prefix: String
            private let left: Atomic<Int>

            init?(_ text: String, _ prefix: String = "") {
                let parts = text.split(separator: ":", omittingEmptySubsequences: false)
                guard parts.count == 2, !parts[0].isEmpty, let count = Int(parts[1]), count > 0 else { return nil }
                name = String(parts[0])
                self.prefix = prefix
                left = Atomic(count)
            }

            func isDue(at place: String) -> Bool { name == place && isDue() }

            func isDue() -> Bool {
                guard left.subtract(1, ordering: .relaxed).newValue == 0 else { return false }
                Torture.say(prefix + name)
                return true
            }
        }
    #else
        @inline(__always)
        package static func check() {}

        @inline(__always)
        package static func has(_: PlantedBug) -> Bool { false }

        @inline(__always)
        static func sql(_ text: String, without _: @autoclosure () -> String, _: PlantedBug) -> String { text }

        @inline(__always)
        package static func reached(_: @autoclosure () -> String) {}

        @inline(__always)
        static func reached(_: @autoclosure () -> String, fails _: () -> Void) {}

        @inline(__always)
        package static func fails(_: DevBroker) {}
    #endif
}
