// What a look at a partition's row and at its anchor means: the decision, apart from asking (Design.md, "Exactly once" 7).

/// How the worker left a partition when the look began.
struct PositionExpectation: Equatable, Sendable {
    var generation: Int32
    /// What the row may say: the committed offset, and those that batches on their way will write.
    var offsets: [Int64]
    /// A message taken before the look began; it may become the anchor.
    var candidate: Anchor?
}

enum PositionCheck: Equatable, Sendable {
    /// All is as we left it.
    case stands
    /// All is as we left it, and this message is the better anchor.
    case promote(Anchor)
    /// Somebody moved the row, or the anchor's message is not there any more: read the position again.
    case reload

    /// - Parameters:
    ///   - position: the row.
    ///   - isReplaced: the anchor's message is another one, or gone.
    ///   - before: how we left the partition when the look began.
    ///   - now: how it is now; batches were committed and handed over meanwhile.
    static func decide(
        _ position: Position, isReplaced: Bool, before: PositionExpectation, now: PositionExpectation
    ) -> PositionCheck {
        let isKnown =
            position.generation == now.generation && before.generation == now.generation
            && (before.offsets.contains(position.nextOffset) || now.offsets.contains(position.nextOffset))
        guard isKnown, !isReplaced else { return .reload }
        guard let candidate = before.candidate, now.candidate == candidate else { return .stands }
        return .promote(candidate)
    }
}
