// Columns, numbers, sizes, times: how things look.

import CommandLineOptions
import Log
import Testing

@Suite struct LayoutTests {
    /// An emoji made of several is as wide as they are: few terminals join them.
    @Test(arguments: [
        ("", 0), ("abc", 3), ("Zoë", 3), ("Zoe\u{308}", 3), ("山田", 4), ("👩", 2), ("👩‍👩‍👧", 6), ("한국", 4),
        ("\u{1112}\u{1161}\u{11AB}", 2), ("กำ", 2), ("█…", 2), ("\u{200B}a\u{FEFF}", 1), ("\u{EF80}", 1),
    ])
    func width(text: String, columns: Int) { #expect(displayWidth(text) == columns) }

    @Test func tablesAlign() {
        let rows = aligned([["NAME", "N", "X"], ["山", "1,000", ""], ["abc", "7", "end"]], [.left, .right])
        #expect(rows == ["NAME      N  X", "山    1,000", "abc       7  end"])
    }

    @Test(arguments: [
        ("abcdef", 6, "abcdef"), ("abcdef", 5, "abcd…"), ("山田太", 4, "山…"), ("ab", 0, ""),
        ("Zoe\u{308}x", 3, "Zo…"), ("👩‍👩‍👧ab", 6, "…"), ("👩‍👩‍👧ab", 7, "👩‍👩‍👧…"),
    ])
    func cuts(text: String, width: Int, expected: String) { #expect(truncated(text, to: width) == expected) }

    @Test func wraps() {
        #expect(wrapped("one two three", width: 7) == ["one two", "three"])
        #expect(wrapped("a very-long-word b", width: 5) == ["a", "very-long-word", "b"])
    }

    @Test(arguments: [(0.0, ""), (0.5, "██"), (0.53, "██▏"), (1.0, "████"), (2.0, "████")])
    func bars(fraction: Double, expected: String) { #expect(bar(fraction, width: 4) == expected) }

    @Test(arguments: [
        (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (14_200_000, "14.2 MB"), (99_940_000, "99.9 MB"),
        (99_960_000, "100 MB"), (112_000_000, "112 MB"), (999_600_000, "1.0 GB"), (Int64.max, "9.2 EB"),
    ])
    func sizes(bytes: Int64, expected: String) { #expect(sizeText(bytes) == expected) }

    @Test(arguments: [
        (-3, "0 s"), (59, "59 s"), (60, "1 min"), (3599, "59 min"), (25_200, "7 h"), (172_799, "47 h"),
        (172_800, "2 d"),
    ])
    func ages(seconds: Double, expected: String) { #expect(ageText(seconds: seconds) == expected) }

    @Test(arguments: [(0, "0"), (999, "999"), (1000, "1,000"), (-1_234_567, "-1,234,567")])
    func numbers(number: Int, expected: String) { #expect(grouped(number) == expected) }

    @Test(
        arguments: [
            ("1s", 1), ("90s", 90), ("5m", 300), ("24h", 86_400), ("7d", 604_800), ("5", nil), ("m", nil), ("-5m", nil),
            ("1.5h", nil), ("5 m", nil), ("5M", nil), ("٣s", nil), ("99999999999999999999s", nil),
            ("9223372036854775807d", nil), ("", nil),
        ] as [(String, Int?)])
    func durations(text: String, seconds: Int?) {
        #expect(parseDuration(text) == seconds.map { .seconds($0) })
    }

    @Test(arguments: [("1d", 86_400), ("90s", 90), ("0s", 0), ("25h", 90_000)])
    func durationsSpelled(text: String, seconds: Int) { #expect(spelled(.seconds(seconds)) == text) }

    @Test(arguments: [
        ("/data/a.csv", "/data/a.csv"), ("", "''"), ("a b", "'a b'"), ("it's", "'it'\\''s'"), ("$HOME", "'$HOME'"),
        ("a\nb", "$'a\\x0Ab'"), ("it's\u{1B}", "$'it\\'s\\x1B'"),
        // A quote stays one with an accent behind it.
        ("a'\u{301}; b", "'a'\\''\u{301}; b'"),
    ])
    func shellWords(text: String, expected: String) {
        #expect(Array(shellQuoted(text).unicodeScalars) == Array(expected.unicodeScalars))
    }
}
