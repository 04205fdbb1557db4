// The containers that are unpacked here, and what an unpacker of one is asked to do.

package enum Container: String, Sendable, CaseIterable {
    case gzip, zstd

    /// The program that does the same.
    package var unpacker: Unpacker {
        switch self {
        case .gzip: Unpacker(["gzip", "-dc"])
        case .zstd: Unpacker(["zstd", "-dc"])
        }
    }

    func decompressor() throws(FileError) -> any Decompressor {
        switch self {
        case .gzip: try GzipDecompressor()
        case .zstd: try ZstdDecompressor()
        }
    }

    // MARK: What can be wrong

    func truncated(at position: UInt64) -> FileError {
        FileError(.damaged, "the \(rawValue) data is cut off at byte \(position): the file is not complete")
    }

    func damaged(at position: UInt64, _ reason: String) -> FileError {
        FileError(.damaged, "the \(rawValue) data is damaged at byte \(position) (\(reason))")
    }

    func followedByGarbage(at position: UInt64) -> FileError {
        FileError(.damaged, "what follows the \(rawValue) data, from byte \(position), is not \(rawValue)")
    }

    var outOfMemory: FileError { FileError(.unreadable, "cannot be decompressed: out of memory") }
}

/// Turns compressed bytes into bytes, piece by piece; its memory does not depend on how many. One thread at a time.
protocol Decompressor: AnyObject {
    /// Takes some of `input` and fills some of `output`. Unless `input` is empty, at least one of the counts is
    /// above 0; if `output` was filled, it is to be called again, even without more input.
    /// - Parameter position: of the first byte of `input`, from the start of the file.
    func step(
        _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer, at position: UInt64
    ) throws(FileError) -> (consumed: Int, produced: Int)

    /// To be called at the end of the file, which is at `position`; throws if more should have come.
    func finish(at position: UInt64) throws(FileError)
}
