// Whether a file is still the one that was pushed.

internal import Files
package import Glibc
package import Records

/// What changes when somebody writes to a file or puts another in its place.
package struct FileStamp: Equatable, Sendable {
    private let device: UInt64
    private let inode: UInt64
    private let size: Int64
    private let modified: [Int]
    private let changed: [Int]

    package init(_ status: stat) {
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        size = Int64(status.st_size)
        modified = [status.st_mtim.tv_sec, status.st_mtim.tv_nsec]
        changed = [status.st_ctim.tv_sec, status.st_ctim.tv_nsec]
    }
}

/// A regular file as it was pushed.
package struct PushedFile: Equatable, Sendable {
    /// Before anything was read of it.
    package let stamp: FileStamp
    package let content: ContentHash
    /// Uncompressed.
    package let size: UInt64

    package init(stamp: FileStamp, content: ContentHash, size: UInt64) {
        self.stamp = stamp
        self.content = content
        self.size = size
    }

    /// Whether what lies at `path` is what was pushed. A file that only got another owner, name or time is read again.
    func isStill(_ path: String, _ status: stat, interrupt: Interrupt) throws(PipelineError) -> Bool {
        if FileStamp(status) == stamp { return true }
        do {
            let source = try FileSource(contentOf: path, interrupt: interrupt)
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
            defer { buffer.deallocate() }
            while try source.read(buffer) > 0 {}
            return source.contentHash() == content && source.bytesRead == size
        } catch let error as FileError {
            throw .incomplete(error.message)
        } catch let error as PipelineError {
            throw error
        } catch {
            throw .incomplete("\(error)")
        }
    }
}
