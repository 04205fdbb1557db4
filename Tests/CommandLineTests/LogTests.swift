// Lines of the log, and what makes them safe to show.

import Foundation
import Log
import Synchronization
import Testing

@Suite struct LogTests {
    @Test(arguments: [
        ("plain Zoë 山田 👩‍👩‍👧", "plain Zoë 山田 👩‍👩‍👧"), ("\u{1B}[2J", "\\x1B[2J"), ("a\r\nb\tc", "a\\r\\nb\\tc"),
        ("\0\u{7F}\u{9B}31m", "\\x00\\x7F\\x9B31m"), ("abc\u{202E}fdp", "abc\\u{202E}fdp"),
        ("\u{2066}x\u{2069}", "\\u{2066}x\\u{2069}"), ("\u{FEFF}\u{2028}", "\\u{FEFF}\\u{2028}"),
        ("\u{E0041}", "\\u{E0041}"), ("C:\\temp", "C:\\temp"),
    ])
    func escapes(text: String, expected: String) {
        #expect(escaped(text) == expected)
        #expect(escaped(bytes: text.utf8) == expected)
    }

    @Test(
        arguments: [
            ([0x61, 0xFF, 0x62], "a\\xFFb"), ([0xC3], "\\xC3"), ([0xC3, 0xA9], "é"),
            ([0xED, 0xA0, 0x80], "\\xED\\xA0\\x80"),
            ([], ""),
        ] as [([UInt8], String)])
    func escapesBytes(bytes: [UInt8], expected: String) { #expect(escaped(bytes: bytes) == expected) }

    @Test func textLines() {
        #expect(
            lines { logger in
                logger.debug("hidden")
                logger.info("hello\n", [("rows", "5")])
                logger.warning("careful")
                logger.error("broken", hint: "mend it")
            } == ["hello\\n", "warning: careful", "error: broken", "mend it"])
    }

    @Test func debugLinesShowFields() {
        #expect(lines(level: .debug) { $0.debug("batch", [("rows", "5 000")]) } == ["debug: batch rows=5 000"])
    }

    @Test func jsonLines() throws {
        let lines = lines(format: .json) { $0.error("a \"b\"\u{1B}", [("rows", "5")], hint: "mend") }
        #expect(
            lines == [
                #"{"time":"2026-11-23T02:00:00.500Z","level":"error","message":"a \"b\"\u001b","rows":"5","hint":"mend"}"#
            ])
        #expect(try JSONSerialization.jsonObject(with: Data(lines[0].utf8)) is [String: String])
    }

    @Test(
        arguments: [
            (Array("plain ü.csv".utf8), "plain ü.csv", "plain ü.csv"),
            ([0x63, 0xE9], "c\u{10FFE9}", "c\\xE9"),
            ([0xFF, 0xC3, 0x41], "\u{10FFFF}\u{10FFC3}A", "\\xFF\\xC3A"),
            ([], "", ""),
            // Looks like a byte that is carried, and is none.
            (Array("\u{10FFE9}".utf8), "\u{10FFF4}\u{10FF8F}\u{10FFBF}\u{10FFA9}", "\\xF4\\x8F\\xBF\\xA9"),
        ] as [([UInt8], String, String)])
    func bytesThatAreNotUTF8SurviveAsText(bytes: [UInt8], text: String, shown: String) {
        #expect(rawText(bytes) == text)
        #expect(rawBytes(text) == bytes)
        #expect(rawCString(text) == bytes.map { CChar(bitPattern: $0) } + [0])
        #expect(escaped(text) == shown)
    }

    @Test func quietSaysOnlyWhatNeedsAPerson() {
        #expect(
            lines(level: .warning) { logger in
                logger.info("hello")
                logger.warning("careful")
            } == ["warning: careful"])
    }

    private func lines(
        level: LogLevel = .info, format: LogFormat = .text, _ body: (Logger) -> Void
    ) -> [String] {
        let lines = Lines()
        body(
            Logger(level: level, format: format, now: { Date(timeIntervalSince1970: 1_795_399_200.5) }) {
                lines.append($0)
            })
        return lines.all
    }
}

private final class Lines: Sendable {
    private let lines = Mutex<[String]>([])
    func append(_ line: String) { lines.withLock { $0.append(line) } }
    var all: [String] { lines.withLock { $0 } }
}
