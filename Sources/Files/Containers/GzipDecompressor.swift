// gzip (RFC 1952) by zlib: all members, of which BGZF has thousands; zero bytes after the last one are padding, as GNU
// gzip has it. Names and comments in headers are passed over, however long.

import CZlib

#if TORTURE
    import Glibc
#endif

final class GzipDecompressor: Decompressor {
    private enum State {
        case inMember, betweenMembers
        /// After the last member.
        case inPadding
    }

    private static let magic: UInt8 = 0x1F
    // zlib's state points back to it, so that it must stay where it is.
    private let stream: UnsafeMutablePointer<z_stream>
    private var state = State.inMember
    private var memberStart: UInt64 = 0

    init() throws(FileError) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        guard zlib_inflate_init_gzip(stream) == Z_OK else {
            stream.deallocate()
            throw Container.gzip.outOfMemory
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    func step(
        _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer, at position: UInt64
    ) throws(FileError) -> (consumed: Int, produced: Int) {
        switch state {
        case .inMember: return try inflate(input, output, at: position)
        case .betweenMembers:
            #if TORTURE
                // Pipeline, which plants bugs and checks their names, stands above.
                if let bug = getenv("USERLOAD_BUG"), strcmp(bug, "secondMemberDropped") == 0 { return (input.count, 0) }
            #endif
            guard let first = input.first else { return (0, 0) }
            guard first == Self.magic || first == 0 else { throw Container.gzip.followedByGarbage(at: position) }
            if first == 0 {
                state = .inPadding
                return (1, 0)
            }
            inflateReset(stream)
            memberStart = position
            state = .inMember
            return try inflate(input, output, at: position)
        case .inPadding:
            if let other = input.firstIndex(where: { $0 != 0 }) {
                throw Container.gzip.followedByGarbage(at: position + UInt64(other))
            }
            return (input.count, 0)
        }
    }

    func finish(at position: UInt64) throws(FileError) {
        if case .inMember = state { throw Container.gzip.truncated(at: position) }
    }

    private func inflate(
        _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer, at position: UInt64
    ) throws(FileError) -> (consumed: Int, produced: Int) {
        let offered = uInt(clamping: input.count)
        let room = uInt(clamping: output.count)
        // zlib does not write to its input; its C type is older than const.
        stream.pointee.next_in = UnsafeMutablePointer(
            mutating: input.assumingMemoryBound(to: UInt8.self).baseAddress)
        stream.pointee.avail_in = offered
        stream.pointee.next_out = output.assumingMemoryBound(to: UInt8.self).baseAddress
        stream.pointee.avail_out = room
        let code = CZlib.inflate(stream, Z_NO_FLUSH)
        let consumed = Int(offered - stream.pointee.avail_in)
        switch code {
        case Z_OK, Z_BUF_ERROR: break
        case Z_STREAM_END: state = .betweenMembers
        case Z_MEM_ERROR: throw Container.gzip.outOfMemory
        default:
            let reason = stream.pointee.msg.map { String(cString: $0) } ?? "zlib error \(code)"
            // The second of the magic bytes is another one.
            if memberStart > 0, reason == "incorrect header check" {
                throw Container.gzip.followedByGarbage(at: memberStart)
            }
            throw Container.gzip.damaged(at: position + UInt64(consumed), reason)
        }
        return (consumed, Int(room - stream.pointee.avail_out))
    }
}
