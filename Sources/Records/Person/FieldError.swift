// What is wrong with a record, field by field: made by scanner and validator, carried beside a reject through Kafka,
// kept as jsonb.

internal import FoundationEssentials

/// One flaw of a record. Never holds bytes of a value.
package struct FieldError: Equatable, Sendable, Codable {
    /// A field of the record as in "age" or "name.firstName", at most `longestField` bytes; "" for the whole record.
    package let field: String
    /// snake_case. What this program can say is listed in the tests; a reader must expect others.
    package let code: String
    /// To be read after the field and its value: "is not a whole number". Without a field: a whole sentence.
    package let message: String

    package init(field: String, code: String, message: String) {
        self.field = field
        self.code = code
        self.message = message
    }

    /// Bytes of a field's name; what is longer is cut, with "…" at its end.
    static let longestField = 64

    /// The name of a field that came from a file: cut, and what is not UTF-8 replaced.
    static func fieldName(_ bytes: some RandomAccessCollection<UInt8>) -> String {
        let bytes = Array(bytes.prefix(longestField + 1))
        guard bytes.count > longestField else { return String(decoding: bytes, as: UTF8.self) }
        var count = longestField - 3
        while count > 0, bytes[count] & 0xC0 == 0x80 { count -= 1 }
        return String(decoding: bytes[..<count], as: UTF8.self) + "…"
    }

    /// `[{"field":"age","code":"not_an_integer","message":"…"}]`: text that jsonb takes.
    package static func json(_ errors: [FieldError]) -> [UInt8] {
        var json: [UInt8] = []
        for error in errors {
            json += json.isEmpty ? #"[{"field":"#.utf8 : #",{"field":"#.utf8
            appendString(error.field, to: &json)
            json += #","code":"#.utf8
            appendString(error.code, to: &json)
            json += #","message":"#.utf8
            appendString(error.message, to: &json)
            json.append(UInt8(ascii: "}"))
        }
        return json.isEmpty ? Array("[]".utf8) : json + [UInt8(ascii: "]")]
    }

    /// Reads what `json` writes. nil when the bytes are no such list, are JSON that jsonb would refuse, or
    /// more than `Limits.errorsBytes`.
    package static func parse(_ json: Bytes) -> [FieldError]? {
        guard json.count <= Limits.errorsBytes, JSONScanner.isClean(json) else { return nil }
        return try? JSONDecoder().decode([FieldError].self, from: Data(json))
    }

    /// A JSON string. Control characters become U+FFFD: jsonb refuses NUL, and a terminal obeys the others.
    private static func appendString(_ text: String, to json: inout [UInt8]) {
        json.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): json += [UInt8(ascii: "\\"), byte]
            case ..<0x20, 0x7F: json += "\u{FFFD}".utf8
            default: json.append(byte)
            }
        }
        json.append(UInt8(ascii: "\""))
    }
}
