// The window over the input: what it keeps, and that no input makes it large.

import Testing

@testable import Records

@Suite struct InputWindowTests {
    @Test func keepsWhatIsNotConsumed() throws {
        var next: UInt8 = 0
        let window = InputWindow { target in
            let count = min(target.count, 7, 100 - Int(next))
            for index in 0..<count { target[index] = next + UInt8(index) }
            next += UInt8(count)
            return count
        }
        #expect(try window.fill(10))
        #expect(window.count == 14 && !window.isLast)
        window.consume(9)
        #expect(window.first[0] == 9)
        #expect(window.offset == 9)
        #expect(try window.fill(91))
        #expect(try !window.fill(92))
        #expect(window.count == 91 && window.isLast)
        #expect((0..<91).allSatisfy { window.first[$0] == UInt8($0 + 9) })
    }

    static let filler = String(repeating: "y", count: 2_000)

    /// Inputs of 4 MB that want to be kept whole, each a piece again and again.
    @Test(arguments: [
        "x", "\"", "\"x\"", "\"x", "x\"", ",", "\",", "\"\n\(filler)", "\n\"x\(filler)", "\"\r\(filler)",
        "\"\"\n\(filler)\"",
        "\"\(String(repeating: "y", count: 900_000))\",",
    ])
    func staysSmall(piece: String) throws {
        let pieces = Array(piece.utf8)
        var input = Array("name,age\n".utf8)
        while input.count < 4_000_000 { input += pieces.count < 100 ? pieces + pieces + pieces + pieces : pieces }
        var position = 0
        let window = InputWindow { target in
            let count = min(target.count, input.count - position)
            target.copyBytes(from: input[position..<position + count])
            position += count
            return count
        }
        let conclusion = try taken(Array("name,age\n".utf8), .csv)
        let header = try CSVHeaderRow(window, delimiter: UInt8(ascii: ","), line: 1)
        let scanner = CSVScanner(window: window, conclusion, line: header.nextLine)
        var record = ScannedRecord()
        while try scanner.next(&record) {}
        #expect(window.offset == UInt64(input.count))
        #expect(window.capacity < 3_100_000)
    }
}
