// The journal of pushes: one JSON file per cluster, topic and job under the state directory, replaced whole each time, so
// that a crash leaves the old one or the new one.

import FoundationEssentials
import Glibc
package import Records

/// A journal that cannot be used; the text is a sentence without its full stop. The push continues without it.
package struct JournalError: Error, Equatable, Sendable {
    package let message: String

    package init(message: String) { self.message = message }
}

package struct Journal: Sendable {
    /// A job in 10,000 partitions takes 2 MB.
    private static let sizeLimit = 16 << 20

    package let directory: String

    package init(directory: String) { self.directory = directory }

    /// USERLOAD_STATE_DIR; else systemd's STATE_DIRECTORY (the first, if it lists several); else XDG_STATE_HOME or
    /// ~/.local/state, with `userload` below it. nil: none of them is set.
    package static func directory(environment: [String: String]) -> String? {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        if let own = value("USERLOAD_STATE_DIR") { return own }
        if let systemd = value("STATE_DIRECTORY") { return systemd.split(separator: ":").first.map(String.init) }
        // The XDG specification: a path that is not absolute is ignored.
        if let state = value("XDG_STATE_HOME"), state.hasPrefix("/") { return state + "/userload" }
        return value("HOME").map { $0 + "/.local/state/userload" }
    }

    /// nil: there is none. Throws when there is one that cannot be read or is not an entry of this job.
    package func entry(cluster: String, topic: String, job: JobID) throws(JournalError) -> JournalEntry? {
        let path = path(cluster, topic, job)
        guard let entry = try read(path) else { return nil }
        guard entry.cluster == cluster, entry.topic == topic, entry.job == job else { throw Self.garbled(path) }
        return entry
    }

    /// Writes each entry beside its file, forces all of them to disk, and puts them in their files' places.
    package func write(_ entries: [JournalEntry]) throws(JournalError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .millisecondsSince1970
        var written: [WrittenFile] = []
        defer { for file in written { unlink(file.temporary) } }
        for entry in entries {
            let path = path(entry.cluster, entry.topic, entry.job)
            guard let json = try? encoder.encode(entry) else { throw JournalError(message: "cannot encode \(path)") }
            if written.isEmpty { try makeFolders(folder(entry.cluster, entry.topic)) }
            // Who pushes a job has its lock: nobody else writes this.
            written.append(try WrittenFile(Array(json), path, temporary: "\(path).new"))
        }
        // The first one waits for the disk, and the others find themselves there.
        for file in written { try file.sync() }
        Torture.reached("journal.synced")
        for file in written {
            guard rename(file.temporary, file.path) == 0 else { throw Self.failed("write", file.path) }
        }
        for folder in Set(entries.map { folder($0.cluster, $0.topic) }) { try sync(folder) }
    }

    /// Where the lock of a job's file lies; makes the folder.
    func lockPath(cluster: String, topic: String, job: JobID) throws(JournalError) -> String {
        try makeFolders(folder(cluster, topic))
        return "\(folder(cluster, topic))/\(job.text).lock"
    }

    /// A person was told of so many of a job's rejects. Not while another process is pushing it: then it is told again.
    package func keep(toldRejects: UInt64, of job: JobID, cluster: String, topic: String) throws(JournalError) {
        let holder = LockHolder(pid: getpid(), host: thisHost, since: Date(), command: "")
        guard
            case .taken(let lock) = PushLock.attempt(try lockPath(cluster: cluster, topic: topic, job: job), as: holder)
        else { return }
        try withExtendedLifetime(lock) { () throws(JournalError) in
            guard var entry = try entry(cluster: cluster, topic: topic, job: job) else { return }
            entry.toldRejects = max(toldRejects, entry.toldRejects ?? 0)
            try write([entry])
        }
    }

    /// Whether a push of this job began here, did not end, and is not under way. Of a job with a nonce that is not known:
    /// another lock than its own is its.
    package func hasInterrupted(_ job: JobStatus) -> Bool {
        guard let cluster = job.cluster, let topic = job.topic,
            let entry = (try? entry(cluster: cluster, topic: topic, job: job.id)) ?? nil,
            entry.state == .open, entry.nonce == nil
        else { return false }
        return PushLock.isHeld("\(folder(cluster, topic))/\(job.id.text).lock") == false
    }

    /// The entries of jobs in this cluster and topic that `isWanted`; what cannot be read is passed over.
    package func entries(cluster: String, topic: String, where isWanted: (JournalEntry) -> Bool) -> [JournalEntry] {
        entries(in: folder(cluster, topic), prefix: "").filter(isWanted)
    }

    /// The entries, of any cluster and topic, whose job id begins with these characters, as `JobID.text` has them.
    package func find(slugPrefix: String) -> [JournalEntry] {
        Self.names(in: directory).flatMap { cluster in
            Self.names(in: "\(directory)/\(cluster)").flatMap { topic in
                entries(in: "\(directory)/\(cluster)/\(topic)", prefix: slugPrefix.lowercased())
            }
        }
    }

    /// Deletes an entry; one that is gone is fine.
    package func remove(_ entry: JournalEntry) throws(JournalError) {
        let path = path(entry.cluster, entry.topic, entry.job)
        guard unlink(path) == 0 || errno == ENOENT else { throw Self.failed("delete", path) }
    }

    // MARK: -

    private func entries(in folder: String, prefix: String) -> [JournalEntry] {
        Self.names(in: folder).filter { $0.hasSuffix(".json") && $0.hasPrefix(prefix) }.sorted().compactMap {
            (try? read("\(folder)/\($0)")) ?? nil
        }
    }

    private func folder(_ cluster: String, _ topic: String) -> String {
        "\(directory)/\(Self.fileName(cluster))/\(Self.fileName(topic))"
    }

    private func path(_ cluster: String, _ topic: String, _ job: JobID) -> String {
        "\(folder(cluster, topic))/\(job.text).json"
    }

    /// Letters, digits, `_`, `-` and dots that are not the first; the rest as %XX.
    private static func fileName(_ text: String) -> String {
        var name = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                name.unicodeScalars.append(Unicode.Scalar(byte))
            case UInt8(ascii: ".") where !name.isEmpty: name += "."
            default: name += (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
            }
        }
        return name
    }

    private func read(_ path: String) throws(JournalError) -> JournalEntry? {
        // Nonblocking: a FIFO in its place must not hold us up.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw Self.failed("read", path)
        }
        defer { close(descriptor) }
        var json: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            guard count >= 0 else { throw Self.failed("read", path) }
            if count == 0 { break }
            json += chunk[..<count]
            guard json.count <= Self.sizeLimit else { throw Self.garbled(path) }
        }
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .millisecondsSince1970
        guard let entry = try? decoder.decode(JournalEntry.self, from: Data(json)), entry.isSound else {
            throw Self.garbled(path)
        }
        return entry
    }

    private func sync(_ folder: String) throws(JournalError) {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failed("write", folder) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw Self.failed("write", folder) }
    }

    /// Like `mkdir -p`; only the owner may look in.
    private func makeFolders(_ folder: String) throws(JournalError) {
        guard mkdir(folder, 0o700) != 0, errno != EEXIST else { return }
        guard errno == ENOENT, let slash = folder.lastIndex(of: "/"), slash != folder.startIndex else {
            throw Self.failed("make", folder)
        }
        try makeFolders(String(folder[..<slash]))
        guard mkdir(folder, 0o700) == 0 || errno == EEXIST else { throw Self.failed("make", folder) }
    }

    private static func names(in folder: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    }

    fileprivate static func failed(_ verb: String, _ path: String) -> JournalError {
        JournalError(message: "cannot \(verb) \(path): \(String(cString: strerror(errno)))")
    }

    private static func garbled(_ path: String) -> JournalError {
        JournalError(message: "\(path) is damaged, or of another version")
    }
}

/// A file that is to take another one's place.
private final class WrittenFile {
    let path: String
    let temporary: String
    private let descriptor: Int32

    /// Writes it; it may not be on the disk yet.
    init(_ bytes: [UInt8], _ path: String, temporary: String) throws(JournalError) {
        self.path = path
        self.temporary = temporary
        // Whatever lies there, a link that leads elsewhere too, is not written to.
        unlink(temporary)
        descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Journal.failed("write", temporary) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else {
                let failure = Journal.failed("write", temporary)
                unlink(temporary)
                throw failure
            }
            rest = rest.dropFirst(count)
        }
        // Only begins to write: many files wait for the disk together.
        posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    func sync() throws(JournalError) {
        guard fsync(descriptor) == 0 else { throw Journal.failed("write", temporary) }
    }
}
