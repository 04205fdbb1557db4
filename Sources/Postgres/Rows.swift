// What a query answers, read in place from libpq's result.

internal import CPostgres

/// A PGresult, cleared once.
final class ResultHandle {
    let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) { self.pointer = pointer }

    deinit { PQclear(pointer) }
}

/// The rows of one query, all in memory; in text form.
package struct Rows: RandomAccessCollection {
    let result: ResultHandle

    package var startIndex: Int { 0 }
    package var endIndex: Int { Int(PQntuples(result.pointer)) }
    package subscript(index: Int) -> Row { Row(result: result, index: Int32(index)) }

    /// What the server calls it: "COMMIT", "UPDATE 3" (PQcmdStatus).
    package var tag: String { String(cString: PQcmdStatus(result.pointer)) }

    /// Rows that an INSERT, UPDATE or DELETE changed, or a SELECT gave (PQcmdTuples).
    package var affected: Int { Int(String(cString: PQcmdTuples(result.pointer))) ?? 0 }
}

/// One row. In `stream` it is valid until the closure returns; `bytes` as long as the row or its `Rows` live.
package struct Row {
    let result: ResultHandle
    let index: Int32

    package var count: Int { Int(PQnfields(result.pointer)) }

    /// The column's bytes as the server sent them; nil for NULL.
    package func bytes(_ column: Int) -> UnsafeBufferPointer<UInt8>? {
        guard PQgetisnull(result.pointer, index, Int32(column)) == 0,
            let value = PQgetvalue(result.pointer, index, Int32(column))
        else { return nil }
        let count = Int(PQgetlength(result.pointer, index, Int32(column)))
        return UnsafeBufferPointer(start: UnsafeRawPointer(value).assumingMemoryBound(to: UInt8.self), count: count)
    }

    package func string(_ column: Int) -> String? { bytes(column).map { String(decoding: $0, as: UTF8.self) } }

    package func int(_ column: Int) -> Int? { string(column).flatMap { Int($0) } }

    package func double(_ column: Int) -> Double? { string(column).flatMap { Double($0) } }

    package func bool(_ column: Int) -> Bool? { bytes(column).map { $0.first == UInt8(ascii: "t") } }

    /// A bytea column, from its hex form (`\x…`, bytea_output's default).
    package func bytea(_ column: Int) -> [UInt8]? {
        guard let hex = bytes(column), hex.count >= 2 else { return nil }
        return stride(from: 2, to: hex.count - 1, by: 2).map { nibble(hex[$0]) << 4 | nibble(hex[$0 + 1]) }
    }
}

private func nibble(_ digit: UInt8) -> UInt8 { digit < 0x3A ? digit & 0xF : (digit & 0xF) + 9 }
