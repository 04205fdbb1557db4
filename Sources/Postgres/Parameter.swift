// A value that travels beside the statement, never in it.

/// `$1` and its like. The statement casts where the type is not plain from its place: `$1::uuid`.
package enum Parameter {
    case null
    /// In the type's text form; without NUL.
    case text(String)
    /// In the type's binary form; for bytea the bytes themselves.
    case binary([UInt8])
    /// The same, borrowed for the length of the call.
    case borrowed(UnsafeBufferPointer<UInt8>)

    package static func int(_ value: some FixedWidthInteger) -> Parameter { .text(String(value)) }

    package static func bool(_ value: Bool) -> Parameter { .text(value ? "t" : "f") }

    package static func optional(_ text: String?) -> Parameter { text.map(Parameter.text) ?? .null }

    /// A one-dimensional array in text form. It has no NULL there: with array_nulls off the server takes that for the word.
    package static func array(_ elements: [String]) -> Parameter { .text(arrayText(elements)) }

    /// An array as an element of one: its text form.
    package static func arrayText(_ elements: [String]) -> String {
        let quoted = elements.map { element in
            element.unicodeScalars.reduce(into: "\"") { result, scalar in
                if scalar == "\"" || scalar == "\\" { result += "\\" }
                result.unicodeScalars.append(scalar)
            } + "\""
        }
        return "{" + quoted.joined(separator: ",") + "}"
    }

    package static func array(_ elements: [some FixedWidthInteger]) -> Parameter {
        .text("{" + elements.map { String($0) }.joined(separator: ",") + "}")
    }

    /// A text[]; nil is NULL.
    package static func optionalArray(_ elements: [String?]) -> Parameter {
        var array = BinaryArray(of: .text)
        for element in elements {
            if var element {
                element.withUTF8 { array.append(value: $0) }
            } else {
                array.appendNull()
            }
        }
        return array.parameter()
    }

    /// A bigint[]; nil is NULL.
    package static func optionalArray(_ elements: [Int64?]) -> Parameter {
        var array = BinaryArray(of: .bigint)
        for element in elements {
            if let element { array.append(value: element) } else { array.appendNull() }
        }
        return array.parameter()
    }
}
