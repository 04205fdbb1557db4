// The journal of the jobs in hand: their entries, kept up to date about every second and written together, and what is
// said when they cannot be.

import Foundation
import Records

/// One thread owns it.
final class JobJournal {
    /// What is to be kept of a job.
    struct Note {
        let job: Int
        var state = JournalEntry.State.open
        let acknowledged: [Acknowledged?]
        var ends: [EndMarker]?
        let position: UInt64
        /// Once all of it is in the log.
        var rejects: UInt64?
    }

    /// By job.
    private(set) var entries: [JournalEntry]
    private let journal: Journal?
    private let warn: (String) -> Void
    private var hasFailed = false
    private var due: Duration
    private var isWritten: [Bool]

    /// - Parameters:
    ///   - journal: nil: there is no state directory.
    ///   - entries: as they are to be written, with the time of this run's start markers.
    init(_ journal: Journal?, _ entries: [JournalEntry], now: Duration, warn: @escaping (String) -> Void) {
        self.journal = journal
        self.entries = entries
        self.warn = warn
        isWritten = entries.map { _ in false }
        // A job that the content does not name is found again by its entry alone.
        due = entries.contains { $0.nonce != nil } ? now : now + .seconds(1)
    }

    func isDue(_ now: Duration) -> Bool { now >= due }

    /// Writes what has changed.
    func keep(_ notes: [Note], now: Duration) {
        due = now + .seconds(1)
        close(notes.filter { !isWritten[$0.job] || entries[$0.job].partitions != $0.acknowledged })
    }

    /// Writes it all.
    func close(_ notes: [Note]) {
        guard !notes.isEmpty else { return }
        for note in notes {
            entries[note.job].state = note.state
            entries[note.job].ends = note.ends
            entries[note.job].partitions = note.acknowledged
            entries[note.job].position = note.position
            entries[note.job].rejects = note.rejects
            isWritten[note.job] = true
        }
        guard let journal else {
            return say("no journal can be kept (HOME is not set; USERLOAD_STATE_DIR names a directory)")
        }
        Torture.reached("journal.write")
        do throws(JournalError) {
            try journal.write(notes.map { entries[$0.job] })
        } catch {
            say(error.message)
        }
        Torture.reached("journal.written")
    }

    private func say(_ reason: String) {
        guard !hasFailed else { return }
        hasFailed = true
        warn("\(reason); if this push stops half-way, the next one sends everything again")
    }
}
