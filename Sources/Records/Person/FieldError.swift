// What is wrong with a record, field by field: made by scanner and validator, carried beside a reject through Kafka, kept as jsonb.

internal import FoundationEssentials

/// One flaw of a record. Never holds bytes of a value.
package struct FieldError: Equatable, Sendable, Codable {
    /// A top-level field, or `name.firstName`; "" for the whole record. At most 64 bytes.
    package let field: String
    /// snake_case; a closed list on this side, any on the side that reads.
    package let code: String
    /// To be read after the field's name: "not an integer".
    package let message: String

    package init(field: String, code: String, message: String) {
        self.field = field
        self.code = code
        self.message = message
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
