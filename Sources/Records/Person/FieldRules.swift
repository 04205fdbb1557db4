// What the values of single fields must look like. Pure functions of trimmed text.

enum FieldRules {
    enum Age: Equatable {
        case years(Int)
        case notAnInteger
        case outOfRange
    }

    /// Digits, then optionally a point and zeros; 0–150. Leading zeros are allowed, signs and exponents are not. Digits
    /// with a minus are an integer, if not an age.
    static func age(_ text: Bytes) -> Age {
        guard var next = text.baseAddress, text.count > 0 else { return .notAnInteger }
        let end = next + text.count
        let isNegative = next.pointee == UInt8(ascii: "-")
        if isNegative { next += 1 }
        let digits = next
        var years = 0
        while next < end, isDigit(next.pointee) {
            years = min(years &* 10 &+ Int(next.pointee & 0x0F), 1_000)
            next += 1
        }
        guard next > digits else { return .notAnInteger }
        if next < end {
            guard next.pointee == UInt8(ascii: "."), end - next > 1 else { return .notAnInteger }
            next += 1
            while next < end {
                guard next.pointee == UInt8(ascii: "0") else { return .notAnInteger }
                next += 1
            }
        }
        return isNegative || years > 150 ? .outOfRange : .years(years)
    }

    static let longestEmail = 254

    /// One `@`, both sides not empty, no whitespace or control characters (those of U+0080–9F too).
    static func isEmail(_ text: Bytes) -> Bool {
        guard let start = text.baseAddress else { return false }
        var at = -1
        for position in 0..<text.count {
            let byte = start[position]
            if byte > UInt8(ascii: "@"), byte < 0x7F { continue }
            if byte == UInt8(ascii: "@") {
                guard at < 0 else { return false }
                at = position
            } else if byte <= 0x20 || byte == 0x7F {
                return false
            } else if byte == 0xC2, position + 1 < text.count, start[position + 1] < 0xA0 {
                return false
            }
        }
        return at > 0 && at < text.count - 1
    }

    /// Why a text is no email address; to be read after it.
    static func emailFlaw(_ text: Bytes) -> String {
        let signs = text.count { $0 == UInt8(ascii: "@") }
        if text.contains(0x20) { return "has a space in it" }
        if signs == 0 { return "has no @" }
        if signs > 1 { return "has more than one @" }
        if text.first == UInt8(ascii: "@") { return "has nothing before its @" }
        if text.last == UInt8(ascii: "@") { return "has nothing after its @" }
        return "has a control character in it"
    }

    /// Space, parentheses, hyphen, point and digits, as bits of 20–3F.
    private static let phoneCharacters: UInt32 = 0x03FF_6301

    /// An optional `+`, then 3–15 digits with `space - . ( )` between them; a parenthesis may also open before the first
    /// digit and close after the last.
    static func isPhoneNumber(_ text: Bytes) -> Bool {
        guard var next = text.baseAddress, text.count > 0 else { return false }
        let end = next + text.count
        if next.pointee == UInt8(ascii: "+") { next += 1 }
        guard next < end, isDigit(next.pointee) || next.pointee == UInt8(ascii: "("),
            isDigit(end[-1]) || end[-1] == UInt8(ascii: ")")
        else { return false }
        var digits = 0
        while next < end {
            let byte = next.pointee &- 0x20
            guard byte < 32, phoneCharacters &>> UInt32(byte) & 1 == 1 else { return false }
            if byte >= 0x10 { digits += 1 }
            next += 1
        }
        return (3...15).contains(digits)
    }
}
