// A file on its way to another device: a copy that is all on the disk before the original goes.

internal import FileNames
internal import Files
internal import Glibc

/// Under a name of its own, hidden, until it is complete. One that was left behind by a kill is written over.
final class FileCopy {
    private let target: MoveTarget
    private let status: stat
    private let source: Int32
    private let name: String
    private var copy: Int32 = -1

    /// Copies all of it.
    init(of path: String, _ status: stat, into target: MoveTarget, _ interrupt: Interrupt) throws(MoveFailure) {
        self.target = target
        self.status = status
        name = "." + fileName(of: path) + ".userload"
        source = withFileName(path) { open($0, O_RDONLY | O_NOFOLLOW | O_CLOEXEC) }
        guard source >= 0 else { throw MoveFailure(errno) }
        copy = try own()
        do throws(MoveFailure) {
            try fill(interrupt)
        } catch {
            discard()
            throw error
        }
    }

    deinit {
        if source >= 0 { close(source) }
        if copy >= 0 { close(copy) }
    }

    /// Gives it the first of `names` that is free, and takes the original away.
    func publish(as names: [String], removing path: String) throws(MoveFailure) -> String {
        Torture.reached("move.copied")
        for name in names {
            let code = target.rename(from: target.descriptor, self.name, to: name)
            let wasLeft = code == EEXIST && isLeft(name)
            if wasLeft { discard() } else if code == EEXIST { continue }
            if code == 0 || wasLeft {
                Torture.reached("move.published")
                // The name itself is on the disk, too, before there is only one.
                if fsync(target.descriptor) == 0, isUnchanged(path), withFileName(path, { unlink($0) }) == 0 {
                    return name
                }
                let reason = errno == 0 ? "changed while it was copied" : systemMessage(errno)
                if !wasLeft { _ = withFileName(name) { unlinkat(target.descriptor, $0, 0) } }
                throw MoveFailure("it cannot be removed: \(reason)")
            }
            discard()
            throw MoveFailure("\(target.folder): \(systemMessage(code))")
        }
        discard()
        throw MoveFailure("its name is taken in \(target.folder), and so are \(names.count - 1) others")
    }

    // MARK: -

    /// The file to write into, empty and locked.
    private func own() throws(MoveFailure) -> Int32 {
        let opened = withFileName(name) {
            openat(target.descriptor, $0, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0o600)
        }
        guard opened >= 0 else { throw MoveFailure("\(target.folder): \(systemMessage(errno))") }
        guard flock(opened, LOCK_EX | LOCK_NB) == 0, isOurs(opened) else {
            close(opened)
            throw MoveFailure("\(target.folder)/\(name) is being written by another process")
        }
        guard ftruncate(opened, 0) == 0 else {
            let code = errno
            close(opened)
            throw MoveFailure("\(target.folder): \(systemMessage(code))")
        }
        return opened
    }

    /// The name is still that of the file we have locked – another run gives its copy another name when it is complete –
    /// and nobody else can read what we write.
    private func isOurs(_ opened: Int32) -> Bool {
        var (own, named) = (stat(), stat())
        guard fstat(opened, &own) == 0,
            withFileName(name, { fstatat(target.descriptor, $0, &named, AT_SYMLINK_NOFOLLOW) }) == 0
        else { return false }
        return own.st_dev == named.st_dev && own.st_ino == named.st_ino && own.st_mode & S_IFMT == S_IFREG
            && own.st_nlink == 1 && own.st_uid == geteuid()
    }

    private func fill(_ interrupt: Interrupt) throws(MoveFailure) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            if interrupt.isSet { throw MoveFailure("the copy was not finished, because userload was stopped") }
            let count = read(source, buffer.baseAddress, buffer.count)
            if count == 0 { break }
            if count < 0 {
                if errno == EINTR { continue }
                throw MoveFailure("it cannot be read: \(systemMessage(errno))")
            }
            try write(buffer[..<count])
        }
        // The owner only if we may; the mode after it, which a change of owner may take bits from.
        _ = fchown(copy, status.st_uid, status.st_gid)
        fchmod(copy, status.st_mode & 0o777)
        let times = [status.st_atim, status.st_mtim]
        futimens(copy, times)
        guard fsync(copy) == 0 else { throw MoveFailure("\(target.folder): \(systemMessage(errno))") }
    }

    private func write(_ bytes: Slice<UnsafeMutableRawBufferPointer>) throws(MoveFailure) {
        var rest = UnsafeRawBufferPointer(rebasing: bytes)
        while !rest.isEmpty {
            let written = Glibc.write(copy, rest.baseAddress, rest.count)
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw MoveFailure("\(target.folder): \(systemMessage(errno))") }
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(written))
        }
    }

    /// Whether a run that was killed before it took the original away has left this: the same bytes, of the same time.
    private func isLeft(_ name: String) -> Bool {
        let other = withFileName(name) { openat(target.descriptor, $0, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) }
        guard other >= 0 else { return false }
        defer { close(other) }
        var there = stat()
        guard fstat(other, &there) == 0, there.st_mode & S_IFMT == S_IFREG, there.st_size == status.st_size,
            there.st_mtim.tv_sec == status.st_mtim.tv_sec, there.st_mtim.tv_nsec == status.st_mtim.tv_nsec
        else { return false }
        var (left, right) = ([UInt8](repeating: 0, count: 65_536), [UInt8](repeating: 0, count: 65_536))
        var offset = off_t(0)
        while offset < status.st_size {
            let count = pread(copy, &left, left.count, offset)
            guard count > 0, pread(other, &right, count, offset) == count, left[..<count] == right[..<count] else {
                return false
            }
            offset += count
        }
        return fsync(other) == 0
    }

    /// Sets errno to 0 if it is another file, or was written to.
    private func isUnchanged(_ path: String) -> Bool {
        var (now, named) = (stat(), stat())
        let isKnown = fstat(source, &now) == 0 && withFileName(path, { lstat($0, &named) }) == 0
        errno = 0
        return isKnown && FileStamp(now) == FileStamp(status) && FileStamp(named) == FileStamp(status)
    }

    private func discard() { _ = withFileName(name) { unlinkat(target.descriptor, $0, 0) } }
}
