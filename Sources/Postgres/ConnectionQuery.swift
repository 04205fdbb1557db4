// Statements and their answers. Nothing is prepared on the server, so a transaction pooler between us does no harm.

internal import CPostgres

extension Connection {
    /// Runs one statement or several (simple protocol: several are one transaction unless they say otherwise).
    package func execute(_ sql: String) throws(PostgresError) { _ = try last(of: sql) }

    /// Runs `sql` as `execute` does and returns the last command's tag. A COMMIT counts only if the tag says COMMIT:
    /// that of a failed transaction answers ROLLBACK, without an error.
    package func command(_ sql: String) throws(PostgresError) -> String { try last(of: sql).tag }

    /// Runs `sql` as `execute` does and returns the last statement's rows.
    package func last(of sql: String) throws(PostgresError) -> Rows {
        try send { PQsendQuery(handle, sql) }
        guard let result = try lastResult() else {
            throw PostgresError(kind: .protocolViolation, message: "no answer to a statement")
        }
        return Rows(result: result)
    }

    /// Runs one statement and returns all its rows.
    package func query(_ sql: String, _ parameters: [Parameter] = []) throws(PostgresError) -> Rows {
        try send(sql, parameters)
        guard let result = try lastResult() else {
            throw PostgresError(kind: .protocolViolation, message: "no answer to a query")
        }
        return Rows(result: result)
    }

    /// Runs one query and hands its rows over one by one as they arrive (PQsetSingleRowMode); memory stays flat.
    /// - Throws: what `row` throws; the connection then gives the rest up and cannot be used any more.
    package func stream(_ sql: String, _ parameters: [Parameter] = [], _ row: (Row) throws -> Void) throws {
        try send(sql, parameters)
        PQsetSingleRowMode(handle)
        var failure: PostgresError?
        while let result = try nextResult() {
            switch PQresultStatus(result.pointer) {
            case PGRES_SINGLE_TUPLE:
                do {
                    try row(Row(result: result, index: 0))
                } catch {
                    giveUp()
                    throw error
                }
            case PGRES_TUPLES_OK, PGRES_COMMAND_OK: break
            default: failure = failure ?? PostgresError(result: result.pointer)
            }
        }
        if let failure { throw failure }
    }

    private func send(_ sql: String, _ parameters: [Parameter]) throws(PostgresError) {
        let packed = PackedParameters(parameters)
        try send { packed.send(sql, on: handle) }
    }

    /// Hands a statement to libpq and sends it whole.
    func send(_ statement: () -> Int32) throws(PostgresError) {
        guard !isBroken else {
            throw PostgresError(kind: .connection, message: "the connection to Postgres is closed")
        }
        startWaiting()
        guard statement() == 1 else { throw PostgresError(connection: handle) }
        try flush()
    }

    /// Reads to the end of the answer. The first error wins: those after it are its consequences.
    func lastResult() throws(PostgresError) -> ResultHandle? {
        var failure: PostgresError?
        var last: ResultHandle?
        while let result = try nextResult() {
            switch PQresultStatus(result.pointer) {
            case PGRES_FATAL_ERROR, PGRES_BAD_RESPONSE, PGRES_NONFATAL_ERROR:
                failure = failure ?? PostgresError(result: result.pointer)
            case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
                giveUp()
                throw PostgresError(kind: .protocolViolation, message: "COPY outside copyIn")
            default: break
            }
            last = result
        }
        if let failure { throw failure }
        return last
    }
}

/// Parameters in the form PQsendQueryParams takes; the memory lives as long as this object.
final class PackedParameters {
    private var values: [UnsafePointer<CChar>?] = []
    private var lengths: [Int32] = []
    private var formats: [Int32] = []
    private var owned: [UnsafeMutablePointer<UInt8>] = []

    init(_ parameters: [Parameter]) {
        for parameter in parameters {
            switch parameter {
            case .null: add(nil, count: 0, format: 0)
            case .text(let text): add(copy(Array(text.utf8)), count: 0, format: 0)
            case .binary(let bytes): add(copy(bytes), count: bytes.count, format: 1)
            // An empty view may have no address, and no address would be NULL.
            case .borrowed(let bytes): add(bytes.baseAddress ?? copy([]), count: bytes.count, format: 1)
            }
        }
    }

    deinit { owned.forEach { $0.deallocate() } }

    /// Hands a statement with these parameters to libpq, which copies them.
    func send(_ sql: String, on handle: OpaquePointer) -> Int32 {
        PQsendQueryParams(handle, sql, Int32(values.count), nil, values, lengths, formats, 0)
    }

    private func add(_ value: UnsafePointer<UInt8>?, count: Int, format: Int32) {
        values.append(value.map { UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self) })
        lengths.append(Int32(count))
        formats.append(format)
    }

    /// NUL-terminated, as text parameters have to be.
    private func copy(_ bytes: [UInt8]) -> UnsafePointer<UInt8> {
        let copy = UnsafeMutablePointer<UInt8>.allocate(capacity: bytes.count + 1)
        bytes.withUnsafeBufferPointer { source in
            if let start = source.baseAddress { copy.update(from: start, count: source.count) }
        }
        copy[bytes.count] = 0
        owned.append(copy)
        return UnsafePointer(copy)
    }
}
