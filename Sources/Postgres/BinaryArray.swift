// An array parameter in binary form, for the thousands of values of a batch: nothing to quote, nothing to parse.

/// A one-dimensional array under construction (array_recv in the server's source). One owner.
package struct BinaryArray: ~Copyable {
    private var bytes: [UInt8]
    private var count: Int32 = 0

    /// An element type by its object id, the same on every server (pg_type.dat).
    package enum Element: UInt32 {
        case bytea = 17
        case bigint = 20
        case integer = 23
        case text = 25
        case uuid = 2950
        case jsonb = 3802
    }

    /// - Parameter capacity: bytes that values may come to, with four for each of them.
    package init(of element: Element, capacity: Int = 0) {
        bytes = []
        bytes.reserveCapacity(capacity + 20)
        append(Int32(1))  // dimensions
        append(Int32(1))  // there may be NULLs
        append(element.rawValue)
        append(Int32(0))  // elements, filled in at the end
        append(Int32(1))  // the first one's subscript
    }

    /// An element in its binary form: for text, bytea and uuid the bytes themselves.
    package mutating func append(value: UnsafeBufferPointer<UInt8>) {
        append(Int32(value.count))
        bytes.append(contentsOf: value)
        count += 1
    }

    /// An integer or bigint; of the element type's own width.
    package mutating func append(value: some FixedWidthInteger) {
        append(Int32(value.bitWidth / 8))
        append(value)
        count += 1
    }

    /// The same; nil is NULL.
    package mutating func append(optional value: UnsafeBufferPointer<UInt8>?) {
        if let value { append(value: value) } else { appendNull() }
    }

    package mutating func appendNull() {
        append(Int32(-1))
        count += 1
    }

    package consuming func parameter() -> Parameter {
        withUnsafeBytes(of: count.bigEndian) { source in
            for index in 0..<4 { bytes[12 + index] = source[index] }
        }
        return .binary(bytes)
    }

    private mutating func append(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }
}
