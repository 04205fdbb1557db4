// What a file is by its first bytes, where that is not text: the magic numbers of containers and documents.

enum Signature: Equatable {
    /// Unpacked here.
    case container(Container)
    case zip, xz, bzip2, tar, xlsx, ods, xls, parquet, avro, pdf

    private static let magic: [(bytes: [UInt8], signature: Signature)] =
        [
            ([0x1F, 0x8B], .container(.gzip)),
            ([0x28, 0xB5, 0x2F, 0xFD], .container(.zstd)),
            (Array("PK\u{3}\u{4}".utf8), .zip), (Array("PK\u{5}\u{6}".utf8), .zip), (Array("PK\u{7}\u{8}".utf8), .zip),
            ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], .xz),
            ([0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1], .xls),
            (Array("PAR1".utf8), .parquet), (Array("Obj\u{1}".utf8), .avro), (Array("%PDF-".utf8), .pdf),
        ]
        // zstd's skippable frames.
        + (0x50...0x5F).map { ([UInt8($0), 0x2A, 0x4D, 0x18], .container(.zstd)) }
        // With its first block, or the end, for "BZh" alone could begin a text.
        + (1...9).flatMap { level in
            [[0x31, 0x41, 0x59, 0x26, 0x53, 0x59], [0x17, 0x72, 0x45, 0x38, 0x50, 0x90]].map {
                (Array("BZh\(level)".utf8) + $0, .bzip2)
            }
        }
    /// Where a tar's first header says so.
    private static let tarMagic = (offset: 257, bytes: Array("ustar".utf8))

    /// nil: text, or nothing known.
    init?(_ start: ArraySlice<UInt8>) {
        if let found = Self.magic.first(where: { start.starts(with: $0.bytes) }) {
            self = found.signature == .zip ? Self.insideZip(start) : found.signature
        } else if start.dropFirst(Self.tarMagic.offset).starts(with: Self.tarMagic.bytes) {
            self = .tar
        } else {
            return nil
        }
    }

    /// Whether more bytes could still make something else of `start`.
    static func isUndecided(_ start: ArraySlice<UInt8>) -> Bool {
        switch Signature(start) {
        // The names of the first files in it.
        case .zip: start.count < 512
        // A tar's header has NUL bytes, which text has not.
        case nil:
            magic.contains { start.count < $0.bytes.count && $0.bytes.starts(with: start) }
                || start.count < tarMagic.offset + tarMagic.bytes.count && start.contains(0)
        default: false
        }
    }

    /// Office documents are zip archives; what they are follows from the files in them.
    private static func insideZip(_ start: ArraySlice<UInt8>) -> Signature {
        func holds(_ text: String) -> Bool { contains(start, Array(text.utf8)) }
        if holds("mimetypeapplication/vnd.oasis.opendocument.spreadsheet") { return .ods }
        if holds("xl/") || holds("[Content_Types].xml") && !holds("word/") && !holds("ppt/") { return .xlsx }
        return .zip
    }

    private static func contains(_ bytes: ArraySlice<UInt8>, _ wanted: [UInt8]) -> Bool {
        var rest = bytes
        while let index = rest.firstIndex(of: wanted[0]) {
            if rest[index...].starts(with: wanted) { return true }
            rest = rest[(index + 1)...]
        }
        return false
    }
}
