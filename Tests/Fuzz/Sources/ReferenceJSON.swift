// RFC 8259 once more, as plainly as it reads and with nothing of ours: what the scanners are compared with.

/// Reads one text of JSON. What it does not know of are limits of Postgres' numbers.
struct ReferenceJSON {
    /// What is JSON's grammar but not text for Postgres.
    struct Flaws: Equatable {
        var hasNUL = false
        var hasInvalidUTF8 = false
        var hasLoneSurrogate = false
        var hasDuplicateKey = false

        var isEmpty: Bool { self == Flaws() }
    }

    enum Outcome: Equatable {
        case good(depth: Int, Flaws)
        case malformed
    }

    private let bytes: [UInt8]
    private var at = 0
    private var depth = 0
    private var deepest = 0
    private var flaws = Flaws()
    /// Of the elements of the outermost array.
    private var elements: [Range<Int>] = []

    private struct Malformed: Error {}

    private init(_ bytes: some Sequence<UInt8>) { self.bytes = Array(bytes) }

    static func read(_ bytes: some Sequence<UInt8>) -> Outcome { readArray(bytes).outcome }

    /// With the places of the elements, if the text is an array.
    static func readArray(_ bytes: some Sequence<UInt8>) -> (outcome: Outcome, elements: [Range<Int>]) {
        var reader = ReferenceJSON(bytes)
        do {
            reader.skipBlanks()
            try reader.value()
            reader.skipBlanks()
            guard reader.at == reader.bytes.count else { return (.malformed, []) }
            return (.good(depth: reader.deepest, reader.flaws), reader.elements)
        } catch {
            return (.malformed, [])
        }
    }

    private var next: UInt8? { at < bytes.count ? bytes[at] : nil }

    private mutating func skipBlanks() {
        while let byte = next, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { at += 1 }
    }

    private mutating func take(_ byte: Character) throws {
        guard next == byte.asciiValue else { throw Malformed() }
        at += 1
    }

    private mutating func value() throws {
        switch next.map({ Character(Unicode.Scalar($0)) }) {
        case "{": try nested { try $0.object() }
        case "[": try nested { try $0.array() }
        case "\"": _ = try string()
        case "t": try word("true")
        case "f": try word("false")
        case "n": try word("null")
        default: try number()
        }
    }

    private mutating func nested(_ body: (inout ReferenceJSON) throws -> Void) throws {
        depth += 1
        deepest = max(deepest, depth)
        // Far behind any limit of ours; the stack has one, too.
        guard depth < 2_000 else { throw Malformed() }
        try body(&self)
        depth -= 1
    }

    private mutating func word(_ word: String) throws {
        guard bytes[at...].starts(with: word.utf8) else { throw Malformed() }
        at += word.utf8.count
    }

    private mutating func object() throws {
        var keys: Set<[UInt8]> = []
        try take("{")
        skipBlanks()
        if next == UInt8(ascii: "}") { return at += 1 }
        while true {
            skipBlanks()
            if !keys.insert(try string()).inserted { flaws.hasDuplicateKey = true }
            skipBlanks()
            try take(":")
            skipBlanks()
            try value()
            skipBlanks()
            if next == UInt8(ascii: "}") { return at += 1 }
            try take(",")
        }
    }

    private mutating func array() throws {
        try take("[")
        skipBlanks()
        if next == UInt8(ascii: "]") { return at += 1 }
        while true {
            skipBlanks()
            let start = at
            try value()
            if depth == 1 { elements.append(start..<at) }
            skipBlanks()
            if next == UInt8(ascii: "]") { return at += 1 }
            try take(",")
        }
    }

    private mutating func number() throws {
        if next == UInt8(ascii: "-") { at += 1 }
        let start = at
        try digits()
        guard bytes[start] != UInt8(ascii: "0") || at == start + 1 else { throw Malformed() }
        if next == UInt8(ascii: ".") {
            at += 1
            try digits()
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            at += 1
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { at += 1 }
            try digits()
        }
    }

    private mutating func digits() throws {
        let start = at
        while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { at += 1 }
        guard at > start else { throw Malformed() }
    }

    /// What it stands for; half a surrogate pair in the three bytes that it would have.
    private mutating func string() throws -> [UInt8] {
        try take("\"")
        var text: [UInt8] = []
        let start = at
        while let byte = next, byte != UInt8(ascii: "\"") {
            at += 1
            if byte == UInt8(ascii: "\\") {
                text += try escape()
            } else {
                // A NUL is told apart, for it is named in the reject.
                guard byte >= 0x20 || byte == 0 else { throw Malformed() }
                if byte == 0 { flaws.hasNUL = true }
                text.append(byte)
            }
        }
        if String(validating: bytes[start..<at], as: UTF8.self) == nil { flaws.hasInvalidUTF8 = true }
        try take("\"")
        return text
    }

    private mutating func escape() throws -> [UInt8] {
        guard let byte = next else { throw Malformed() }
        at += 1
        switch Character(Unicode.Scalar(byte)) {
        case "\"", "\\", "/": return [byte]
        case "b": return [0x08]
        case "f": return [0x0C]
        case "n": return [0x0A]
        case "r": return [0x0D]
        case "t": return [0x09]
        case "u": return try unicode()
        default: throw Malformed()
        }
    }

    private mutating func unicode() throws -> [UInt8] {
        let unit = try hex()
        if unit == 0 { flaws.hasNUL = true }
        if (0xD800...0xDBFF).contains(unit), bytes[at...].starts(with: "\\u".utf8) {
            let back = at
            at += 2
            // What does not go on as a pair is read as an escape of its own.
            if let low = try? hex(), (0xDC00...0xDFFF).contains(low) {
                let pair = 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
                return Unicode.Scalar(pair).map { Array(String(Character($0)).utf8) } ?? []
            }
            at = back
        }
        guard let scalar = Unicode.Scalar(unit) else {
            flaws.hasLoneSurrogate = true
            return [0xED, UInt8(0x80 | unit >> 6 & 0x3F), UInt8(0x80 | unit & 0x3F)]
        }
        return Array(String(Character(scalar)).utf8)
    }

    private mutating func hex() throws -> UInt32 {
        guard at + 4 <= bytes.count else { throw Malformed() }
        var unit: UInt32 = 0
        for byte in bytes[at..<at + 4] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else { throw Malformed() }
            unit = unit << 4 | UInt32(digit)
        }
        at += 4
        return unit
    }
}
