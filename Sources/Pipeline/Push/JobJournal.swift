// The journal of the job in hand: its entry, kept up to date about every second, and what is said when it cannot be.

import Foundation
import Records

/// One thread owns it.
final class JobJournal {
    private(set) var entry: JournalEntry
    private let journal: Journal?
    private let runAt: Date
    private let warn: (String) -> Void
    private var hasFailed = false
    private var writtenAt: Duration?

    /// - Parameters:
    ///   - journal: nil: there is no state directory.
    ///   - runAt: of this run's start markers.
    init(_ journal: Journal?, _ entry: JournalEntry, runAt: Date, warn: @escaping (String) -> Void) {
        self.journal = journal
        self.runAt = runAt
        self.entry = entry
        self.warn = warn
    }

    /// Writes what is acknowledged if the last time is a second ago.
    func keep(_ acknowledged: [Acknowledged?], position: UInt64, now: Duration) {
        if let writtenAt, now - writtenAt < .seconds(1) { return }
        guard entry.partitions != acknowledged || writtenAt == nil else { return }
        writtenAt = now
        close(.open, acknowledged, ends: nil, position: position)
    }

    /// Writes what is acknowledged, and the state.
    func close(_ state: JournalEntry.State, _ acknowledged: [Acknowledged?], ends: [EndMarker]?, position: UInt64) {
        entry.state = state
        entry.runAt = runAt
        entry.ends = ends
        entry.partitions = acknowledged
        entry.position = position
        write()
    }

    private func write() {
        guard let journal else {
            say("no journal can be kept (HOME is not set; USERLOAD_STATE_DIR names a directory)")
            return
        }
        do throws(JournalError) {
            try journal.write(entry)
        } catch {
            say(error.message)
        }
    }

    private func say(_ reason: String) {
        guard !hasFailed else { return }
        hasFailed = true
        warn("\(reason); if this push stops half-way, the next one sends everything again")
    }
}
