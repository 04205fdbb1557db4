// Douglas Crockford's base32, as job ids are written: https://www.crockford.com/base32.html

package enum Crockford {
    static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)

    /// `text` in lower case, with 0 for o and 1 for i and l; nil if a character is not of the alphabet.
    package static func folded(_ text: String) -> String? {
        var digits: [UInt8] = []
        for digit in text.utf8 {
            guard let value = value(ofDigit: digit) else { return nil }
            digits.append(alphabet[Int(value)])
        }
        return String(decoding: digits, as: UTF8.self)
    }

    /// 0–31.
    static func value(ofDigit digit: UInt8) -> UInt8? {
        let lower = (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(digit) ? digit | 0x20 : digit
        switch lower {
        case UInt8(ascii: "o"): return 0
        case UInt8(ascii: "i"), UInt8(ascii: "l"): return 1
        default: return alphabet.firstIndex(of: lower).map { UInt8($0) }
        }
    }
}
