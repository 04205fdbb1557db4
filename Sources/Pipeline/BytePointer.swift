// Writing bytes one after the other into memory that was reserved for all of them at once.

internal import Records

extension UnsafeMutablePointer<UInt8> {
    /// Copies bytes here and moves on behind them; the caller made room.
    @inline(__always)
    mutating func append(_ bytes: Bytes) {
        guard let source = bytes.baseAddress else { return }
        update(from: source, count: bytes.count)
        self += bytes.count
    }
}
