// Moves a file whose job is completed into a folder: load --move-to.

internal import CGNULibc
internal import FileNames
internal import Files
internal import Glibc
internal import Records

/// The folder is opened once a file: whatever becomes of its name, the file arrives in one place.
package struct FileMove {
    package enum Outcome: Equatable, Sendable {
        /// The name that it has now; another one than before if that was taken.
        case moved(String)
        /// It lies in the folder already.
        case isThere
        /// Nothing has its name any more.
        case gone
        /// One sentence without its beginning and end; the file stays where it is.
        case failed(String)
    }

    let folder: String
    let interrupt: Interrupt

    package init(to folder: String, interrupt: Interrupt) {
        self.folder = folder
        self.interrupt = interrupt
    }

    /// Why no file could be moved there now; nil: nothing is in the way.
    package var obstacle: (sentence: String, isMissing: Bool)? {
        do throws(MoveFailure) {
            let target = try MoveTarget(folder)
            guard faccessat(target.descriptor, ".", W_OK | X_OK, AT_EACCESS) == 0 else { throw MoveFailure(errno) }
            return nil
        } catch {
            return (systemMessage(error.code), error.code == ENOENT)
        }
    }

    /// - Parameter slug: of its job, for another name.
    package func move(_ path: String, _ pushed: PushedFile, slug: String) -> Outcome {
        do throws(MoveFailure) {
            var status = stat()
            guard withFileName(path, { lstat($0, &status) }) == 0 else {
                if errno == ENOENT { return .gone }
                throw MoveFailure(errno)
            }
            guard status.st_mode & S_IFMT != S_IFLNK else {
                throw MoveFailure("it is a symbolic link; name the file itself")
            }
            guard status.st_mode & S_IFMT == S_IFREG else { throw MoveFailure("it is not a regular file") }
            let target = try MoveTarget(folder)
            if try target.isFolder(of: path) { return .isThere }
            do throws(PipelineError) {
                guard try pushed.isStill(path, status, interrupt: interrupt) else {
                    throw PipelineError.broken(
                        "changed since it was pushed; the same command again loads what it is now")
                }
            } catch {
                throw MoveFailure(error.message)
            }
            return .moved(try target.take(path, names: Self.names(of: path, slug: slug), status, interrupt))
        } catch {
            return .failed(error.sentence)
        }
    }

    /// The names to try, its own first: `a.csv`, `a-4x7k2m9q.csv`, `a-4x7k2m9q-2.csv`.
    static func names(of path: String, slug: String) -> [String] {
        let name = fileName(of: path)
        // A dot in front hides a file; it begins no ending.
        let dot = name.dropFirst().firstIndex(of: ".") ?? name.endIndex
        let others = ["-\(slug)"] + (2...99).map { "-\(slug)-\($0)" }
        return [name] + others.map { name[..<dot] + $0 + name[dot...] }
    }
}

/// Why a file was not moved.
struct MoveFailure: Error {
    let sentence: String
    /// The system's; 0: it is not the system's refusal.
    let code: Int32

    init(_ sentence: String, code: Int32 = 0) {
        self.sentence = sentence
        self.code = code
    }

    init(_ code: Int32) { self.init(systemMessage(code), code: code) }
}

/// The folder, open.
final class MoveTarget {
    let folder: String
    let descriptor: Int32

    init(_ folder: String) throws(MoveFailure) {
        self.folder = folder
        descriptor = withFileName(folder) { open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard descriptor >= 0 else {
            let code = errno
            throw MoveFailure("\(folder): \(systemMessage(code))", code: code)
        }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    func isFolder(of path: String) throws(MoveFailure) -> Bool {
        let parts = pathParts(path)
        let parent = parts.count == 1 ? "." : parts.dropLast().joined(separator: "/") + "/"
        var (own, its) = (stat(), stat())
        guard fstat(descriptor, &own) == 0, withFileName(parent, { stat($0, &its) }) == 0 else {
            throw MoveFailure(errno)
        }
        return own.st_dev == its.st_dev && own.st_ino == its.st_ino
    }

    /// Moves the file to the first of `names` that is free, and returns that.
    func take(
        _ path: String, names: [String], _ status: stat, _ interrupt: Interrupt
    ) throws(MoveFailure) -> String {
        for name in names {
            switch rename(from: AT_FDCWD, path, to: name) {
            case 0:
                Torture.reached("move.renamed")
                return name
            case EEXIST: continue
            case EXDEV:
                let copy = try FileCopy(of: path, status, into: self, interrupt)
                return try copy.publish(as: names, removing: path)
            case let code: throw MoveFailure(code)
            }
        }
        throw MoveFailure("its name is taken in \(folder), and so are \(names.count - 1) others")
    }

    /// Never in the place of another file. 0, or why it failed.
    func rename(from folder: Int32, _ path: String, to name: String) -> Int32 {
        let noReplace: UInt32 = 1  // RENAME_NOREPLACE
        let code = withFileName(path) { old in
            withFileName(name) { new in renameat2(folder, old, descriptor, new, noReplace) == 0 ? 0 : errno }
        }
        // Some file systems, NFS among them, cannot do that: an empty file of our own keeps the name free.
        return code == EINVAL || code == ENOSYS ? renameOverOwn(from: folder, path, to: name) : code
    }

    private func renameOverOwn(from folder: Int32, _ path: String, to name: String) -> Int32 {
        withFileName(path) { old in
            withFileName(name) { new in
                let own = openat(descriptor, new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
                guard own >= 0 else { return errno }
                close(own)
                if renameat(folder, old, descriptor, new) == 0 { return 0 }
                let code = errno
                unlinkat(descriptor, new, 0)
                return code
            }
        }
    }
}
