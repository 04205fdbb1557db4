// "did you mean": the declared word nearest to what was typed.

/// `; did you mean 'push'?`, or nothing when no word is near.
func suggestion(for word: String, among words: [String]) -> String {
    let typed = Array(word)
    let limit = max(1, typed.count / 3)
    let nearest =
        words
        .map { (word: $0, distance: distance(typed, Array($0))) }
        .min { $0.distance < $1.distance }
    if let nearest, nearest.distance <= limit { return "; did you mean \(nearest.word)?" }
    let longer = words.filter { $0.hasPrefix(word) && word.contains(where: \.isLetter) }
    return longer.isEmpty ? "" : "; did you mean \(longer.joined(separator: " or "))?"
}

/// Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment).
private func distance(_ a: [Character], _ b: [Character]) -> Int {
    var rows = [Array(0...b.count)]
    for i in 0..<a.count {
        var row = [i + 1]
        for j in 0..<b.count {
            var best = min(rows[i][j + 1] + 1, row[j] + 1, rows[i][j] + (a[i] == b[j] ? 0 : 1))
            if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, rows[i - 1][j - 1] + 1) }
            row.append(best)
        }
        rows.append(row)
    }
    return rows[a.count][b.count]
}
