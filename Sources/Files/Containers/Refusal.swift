// What is said of a file that is something else than text, and the command that makes text of it.

extension Signature {
    /// - Parameter outer: the container it was found in.
    func refusal(inside outer: Container?) -> FileError {
        let place = outer.map { " inside \($0.rawValue)" } ?? ""
        func refused(_ what: String, _ unpacker: Unpacker? = nil, advice: String = "") -> FileError {
            let remedy = unpacker.map { FileRemedy.unpack((outer.map { [$0.unpacker] } ?? []) + [$0]) }
            return FileError(.unsupported, "is \(what)\(place)\(advice)", remedy)
        }
        switch self {
        case .container(let inner):
            return FileError(
                .unsupported, "is compressed twice (\(inner.rawValue) inside \(outer?.rawValue ?? "itself"))",
                // The inner one is unpacked here.
                outer.map { .unpack([$0.unpacker]) })
        case .zip: return refused("a zip archive", Unpacker(["unzip", "-p"], stream: ["funzip"]))
        case .xz: return refused("compressed with xz", Unpacker(["xz", "-dc"]))
        case .bzip2: return refused("compressed with bzip2", Unpacker(["bzip2", "-dc"]))
        case .tar:
            // tar finds out by itself how its archive is compressed.
            let unpacker = Unpacker(["tar", "-xO", "NAME", "-f"], stream: ["tar", "-xO", "NAME", "-f", "-"])
            return FileError(
                .unsupported, "is a tar archive\(place): replace NAME by the file that you want from it",
                .unpack([unpacker]))
        case .xlsx:
            return refused("an Excel workbook (xlsx)", advice: ": save it as \"CSV UTF-8 (Comma delimited)\"")
        case .ods:
            return refused("a spreadsheet (ods)", advice: ": save it as \"Text CSV\" with the character set UTF-8")
        case .xls:
            return refused(
                "an old Office document, probably an Excel workbook (xls)",
                advice: ": save it as \"CSV UTF-8 (Comma delimited)\"")
        case .parquet:
            return refused("a Parquet file", advice: ": convert it to CSV or JSON lines, with DuckDB for instance")
        case .avro:
            return refused(
                "an Avro file", Unpacker(["avro-tools", "tojson"], stream: ["avro-tools", "tojson", "-"]))
        case .pdf: return refused("a PDF document", advice: ": ask for its table as CSV")
        }
    }
}
