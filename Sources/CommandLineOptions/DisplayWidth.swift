// How many columns text takes on a terminal: what wcwidth(3) says of its scalars, as terminals do.

internal import CGNULibc
internal import Glibc

/// How many columns `text` takes: 0 for combining marks, 2 for East Asian wide characters and emoji.
package func displayWidth(_ text: String) -> Int {
    if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.utf8.count }
    return withWidths { text.unicodeScalars.reduce(0) { $0 + scalarWidth($1) } }
}

/// The beginning of `text` that fits into `width` columns; a cut is marked with `…`.
package func truncated(_ text: String, to width: Int) -> String {
    if displayWidth(text) <= width { return text }
    return withWidths {
        var result = ""
        var used = 1
        for character in text {
            used += character.unicodeScalars.reduce(0) { $0 + scalarWidth($1) }
            if used > width { break }
            result.append(character)
        }
        return width > 0 ? result + "…" : ""
    }
}

/// wcwidth(3) knows what the locale's character set has. A crontab's locale is C, which has ASCII: so it is asked in one of
/// our own, on this thread alone.
nonisolated(unsafe) private let utf8: locale_t? = ["C.UTF-8", "C.utf8", "en_US.UTF-8"].lazy
    .compactMap { (name: String) in newlocale(1 << LC_CTYPE, name, nil) }.first

private func withWidths<Result>(_ body: () -> Result) -> Result {
    guard let utf8 else { return body() }
    let before = uselocale(utf8)
    defer { uselocale(before) }
    return body()
}

/// What has no width of its own, a control character or one newer than the C library, counts as 1.
private func scalarWidth(_ scalar: Unicode.Scalar) -> Int {
    let width = wcwidth(wchar_t(bitPattern: scalar.value))
    return width < 0 ? 1 : Int(width)
}
