// Numbers inside JSON: their grammar, and what Postgres' numeric can hold of them.

extension JSONScanner {
    /// A number from its first byte.
    @inline(__always)
    mutating func number(_ start: BytePointer) -> BytePointer? {
        var position = start
        if position < end, position.pointee == UInt8(ascii: "-") { position += 1 }
        let whole = position
        guard position < end, isDigit(position.pointee) else { return malformed(position) }
        if position.pointee == UInt8(ascii: "0") {
            position += 1
        } else {
            position = digits(position)
        }
        let next = position < end ? position.pointee : 0
        let isSimple = next != UInt8(ascii: ".") && next | 0x20 != UInt8(ascii: "e") && position - whole <= 1000
        return isSimple ? position : fraction(whole, position)
    }

    @inline(__always)
    private func digits(_ start: BytePointer) -> BytePointer {
        var position = start
        while position < end, isDigit(position.pointee) { position += 1 }
        return position
    }

    /// The rest of a number with a fraction, an exponent or very many digits, and its range. Postgres' numeric has at
    /// most 131,072 digits before the point and 16,383 after it, once the exponent has been applied (make_result in
    /// numeric.c; 0e-20000 fails too).
    private mutating func fraction(_ whole: BytePointer, _ wholeEnd: BytePointer) -> BytePointer? {
        var position = wholeEnd
        var fractionStart = position
        if position < end, position.pointee == UInt8(ascii: ".") {
            fractionStart = position + 1
            position = digits(fractionStart)
            guard position > fractionStart else { return malformed(position) }
        }
        let fractionEnd = position
        var exponent = 0
        if position < end, position.pointee | 0x20 == UInt8(ascii: "e") {
            position += 1
            let isNegative = position < end && position.pointee == UInt8(ascii: "-")
            if isNegative || position < end && position.pointee == UInt8(ascii: "+") { position += 1 }
            let exponentEnd = digits(position)
            guard exponentEnd > position else { return malformed(position) }
            while position < exponentEnd {
                exponent = min(exponent * 10 + Int(position.pointee & 0x0F), 10_000_000)
                position += 1
            }
            if isNegative { exponent = -exponent }
        }
        var firstDigit = whole.pointee == UInt8(ascii: "0") ? fractionStart : whole
        while firstDigit < fractionEnd, firstDigit.pointee == UInt8(ascii: "0") { firstDigit += 1 }
        let isZero = firstDigit >= fractionEnd
        // Digits before the point, negative for zeros behind it.
        let before = firstDigit < wholeEnd ? wholeEnd - firstDigit : fractionStart - firstDigit
        let isTooLarge = !isZero && before + exponent > 131_072
        let behind = fractionEnd - fractionStart - exponent
        let isTooFine = behind > 16_383
        if isTooLarge || isTooFine || exponent.magnitude >= 10_000_000 {
            flaws.insert(.numberOutOfRange)
        } else {
            count(digits: max(isZero ? 1 : before + exponent, 1) + max(behind, 0))
        }
        return position
    }

    /// Postgres keeps 1e131071 in a few bytes, and writes it out in 131,072: a record of thousands of them could be stored,
    /// and never be read again. Plain integers are as long written out as they came, and so bound by the record's length.
    private mutating func count(digits: Int) {
        guard writtenDigits <= Limits.numberDigits else { return }
        writtenDigits += digits
        if writtenDigits > Limits.numberDigits { flaws.insert(.tooManyDigits) }
    }
}
