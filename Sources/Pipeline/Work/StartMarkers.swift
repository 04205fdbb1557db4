// Start markers by job: the same one comes in every partition, and is decoded once.

import Records

/// A value; the polling thread's.
struct StartMarkers {
    private static let mostJobs = 4_096
    private static let mostBytes = 8 << 20

    private var known: [JobID: (bytes: [UInt8], marker: StartMarker)] = [:]
    private var bytes = 0

    /// nil: it does not decode, or is another job's.
    mutating func marker(_ job: JobID, _ value: Bytes) -> StartMarker? {
        if let (bytes, marker) = known[job], bytes.count == value.count, bytes.elementsEqual(value) { return marker }
        guard let marker = try? StartMarker(decoding: value), marker.job == job else { return nil }
        if known.count >= Self.mostJobs || bytes + value.count > Self.mostBytes {
            known = [:]
            bytes = 0
        }
        bytes += value.count - (known[job]?.bytes.count ?? 0)
        known[job] = (Array(value), marker)
        return marker
    }
}
