// The run that sends a job: one push or load command, told in the start markers of all its jobs.

package import FoundationEssentials

/// JSON on the wire, within a start marker.
package struct PushRun: Codable, Equatable, Sendable {
    /// Random.
    package var id: JobID
    package var host: String
    /// By the pusher's clock; whole milliseconds.
    package var startedAt: Date
    /// How many files the command was given.
    package var files: Int
    package var label: String?
    /// How many of the files so far are this job: those with the same content are one.
    package var copies: Int

    package init(id: JobID, host: String, startedAt: Date, files: Int, label: String?, copies: Int = 1) {
        self.id = id
        self.host = host
        self.startedAt = MarkerJSON.wholeMilliseconds(startedAt)
        self.files = files
        self.label = label
        self.copies = copies
    }

    func checkLimits() throws(MarkerError) {
        guard id != .foreign, (1...Limits.files).contains(files), (1...Limits.files).contains(copies),
            StartMarker.times.contains(startedAt)
        else { throw MarkerError(message: "a start marker with a run that is out of range") }
        guard label?.utf8.count ?? 0 <= Limits.labelBytes, host.utf8.count <= Limits.labelBytes * 2 else {
            throw MarkerError(message: "a start marker with a run whose host or label is too long")
        }
    }
}
