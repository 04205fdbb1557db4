// zstd (RFC 8878) by libzstd: any number of frames, skippable ones among them; no dictionaries.

import CZstd

final class ZstdDecompressor: Decompressor {
    /// log2 of the largest window: 128 MiB, what the zstd program takes without `--long`, too.
    private static let windowLog: Int32 = 27

    private let stream: OpaquePointer
    /// How many bytes libzstd would like to have next: with these a block that is damaged is known by its start.
    private var wanted: Int
    private var isBetweenFrames = true
    private var frameStart: UInt64 = 0

    init() throws(FileError) {
        guard let stream = ZSTD_createDStream() else { throw Container.zstd.outOfMemory }
        self.stream = stream
        wanted = ZSTD_initDStream(stream)
        ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, Self.windowLog)
    }

    deinit { ZSTD_freeDStream(stream) }

    func step(
        _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer, at position: UInt64
    ) throws(FileError) -> (consumed: Int, produced: Int) {
        if isBetweenFrames {
            guard let first = input.first else { return (0, 0) }
            frameStart = position
            // libzstd may know formats from before RFC 8878, and takes a piece of one for the whole.
            guard first == 0x28 || (0x50...0x5F).contains(first) else {
                throw position > 0
                    ? Container.zstd.followedByGarbage(at: position) : Container.zstd.damaged(at: 0, "no zstd frame")
            }
        }
        var source = ZSTD_inBuffer(src: input.baseAddress, size: min(input.count, max(wanted, 1)), pos: 0)
        var target = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
        let result = ZSTD_decompressStream(stream, &target, &source)
        if ZSTD_isError(result) != 0 { throw failure(result, at: position) }
        isBetweenFrames = result == 0
        wanted = result
        return (source.pos, target.pos)
    }

    func finish(at position: UInt64) throws(FileError) {
        if !isBetweenFrames { throw Container.zstd.truncated(at: position) }
    }

    private func failure(_ result: Int, at position: UInt64) -> FileError {
        switch ZSTD_getErrorCode(result) {
        case ZSTD_error_prefix_unknown where frameStart > 0: Container.zstd.followedByGarbage(at: frameStart)
        case ZSTD_error_frameParameter_windowTooLarge:
            FileError(
                .unsupported, "the zstd data needs a window of more than 128 MiB",
                .unpack([Unpacker(["zstd", "-dc", "--long=31"])]))
        case ZSTD_error_dictionary_wrong:
            FileError(
                .unsupported, "the zstd data needs a dictionary: replace DICTIONARY by its file",
                .unpack([Unpacker(["zstd", "-dc", "-D", "DICTIONARY"])]))
        case ZSTD_error_memory_allocation: Container.zstd.outOfMemory
        default: Container.zstd.damaged(at: position, String(cString: ZSTD_getErrorName(result)))
        }
    }
}
