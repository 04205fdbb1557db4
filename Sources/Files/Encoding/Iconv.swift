// iconv(3) to UTF-8, without //TRANSLIT and //IGNORE: a byte that is not in the encoding is an error.

import Glibc

/// One thread at a time.
final class Iconv {
    enum Result {
        /// All input was taken.
        case done
        /// More input, or room for the output, is wanted.
        case more
        /// The next bytes are not in the encoding.
        case illegal
    }

    private let handle: iconv_t

    /// - Parameter name: not empty, and without slashes.
    /// - Returns: nil if the encoding is unknown.
    init?(from name: String) {
        let handle = iconv_open("UTF-8", name)
        guard handle != iconv_t(bitPattern: -1), let handle else { return nil }
        self.handle = handle
    }

    deinit { iconv_close(handle) }

    /// Takes from the front of `input` and fills the front of `output`, and cuts off both what it used. An empty input
    /// writes what some encodings hold back, to see whether an accent follows.
    func convert(_ input: inout UnsafeRawBufferPointer, _ output: inout UnsafeMutableRawBufferPointer) -> Result {
        // iconv does not write to its input.
        var source = UnsafeMutableRawPointer(mutating: input.baseAddress)?.assumingMemoryBound(to: CChar.self)
        var target = output.baseAddress?.assumingMemoryBound(to: CChar.self)
        var sourceLeft = input.count
        var targetLeft = output.count
        let isFlush = input.isEmpty
        let result =
            isFlush
            ? iconv(handle, nil, nil, &target, &targetLeft)
            : iconv(handle, &source, &sourceLeft, &target, &targetLeft)
        let code = errno
        input = UnsafeRawBufferPointer(rebasing: input[(input.count - sourceLeft)...])
        output = UnsafeMutableRawBufferPointer(rebasing: output[(output.count - targetLeft)...])
        if result != -1 { return .done }
        return code == EILSEQ ? .illegal : .more
    }

    /// All of a short text; nil if it is not in the encoding, or ends within a character.
    func convert(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        // No character takes more than 4 bytes of UTF-8, and none of these encodings makes two of one byte.
        var isWhole = false
        let converted = [UInt8](unsafeUninitializedCapacity: text.count * 4 + 16) { buffer, count in
            var output = UnsafeMutableRawBufferPointer(buffer)
            text.withUnsafeBytes { bytes in
                var input = bytes
                isWhole = input.isEmpty || convert(&input, &output) == .done
                var nothing = UnsafeRawBufferPointer(rebasing: bytes[bytes.count...])
                isWhole = isWhole && convert(&nothing, &output) == .done
            }
            count = buffer.count - output.count
        }
        return isWhole ? converted : nil
    }
}
