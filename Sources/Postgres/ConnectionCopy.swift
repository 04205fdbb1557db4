// COPY … FROM STDIN, in the scope of a closure.

internal import CPostgres

/// Takes the data of one COPY; valid inside `copyIn`'s closure only.
package struct CopyWriter {
    /// Bytes a PQputCopyData: large enough that calls do not count, small enough that libpq's buffer stays in the cache.
    package static let chunk = 65_536

    fileprivate let connection: Connection

    /// Sends `data`, any part of what is copied. Returns once the kernel has it: in nonblocking mode libpq would
    /// otherwise let its buffer grow to the size of everything written.
    package func write(_ data: UnsafeBufferPointer<UInt8>) throws(PostgresError) {
        guard let start = data.baseAddress else { return }
        var sent = 0
        while sent < data.count {
            let count = min(Self.chunk, data.count - sent)
            let piece = UnsafeRawPointer(start + sent).assumingMemoryBound(to: CChar.self)
            switch PQputCopyData(connection.handle, piece, Int32(count)) {
            case 1: sent += count
            case 0: break  // no memory for more: send what is there first
            default: throw PostgresError(connection: connection.handle)
            }
            try connection.flush()
        }
    }
}

extension Connection {
    /// Runs a `COPY … FROM STDIN`; `body` writes the data. Returns the rows copied, as the server counted them.
    ///
    /// What `body` throws comes out in the end, before what the server says to the COPY we broke off ourselves (57014).
    /// Only if the connection broke while saying so is the reason somewhere else; `isBroken` then tells.
    package func copyIn(_ sql: String, _ body: (CopyWriter) throws -> Void) throws -> Int {
        try send { PQsendQuery(handle, sql) }
        guard let start = try nextResult() else {
            throw PostgresError(kind: .protocolViolation, message: "no answer to COPY")
        }
        guard PQresultStatus(start.pointer) == PGRES_COPY_IN else {
            let isError = PQresultStatus(start.pointer) == PGRES_FATAL_ERROR
            _ = try lastResult()
            throw isError
                ? PostgresError(result: start.pointer)
                : PostgresError(kind: .protocolViolation, message: "not a COPY FROM STDIN")
        }
        do {
            try body(CopyWriter(connection: self))
        } catch {
            _ = try? end(reason: "given up by the client")
            throw error
        }
        guard let result = try end(reason: nil) else {
            throw PostgresError(kind: .protocolViolation, message: "no answer to the end of COPY")
        }
        return Rows(result: result).affected
    }

    private func end(reason: String?) throws(PostgresError) -> ResultHandle? {
        guard !isBroken else { throw PostgresError(connection: handle) }
        startWaiting()
        while true {
            switch PQputCopyEnd(handle, reason) {
            case 1:
                try flush()
                return try lastResult()
            case 0: try flush()
            default: throw PostgresError(connection: handle)
            }
        }
    }
}
