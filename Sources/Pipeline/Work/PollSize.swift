// How many messages a poll takes at a time: whether the loaders are behind is looked at between polls only.

/// A value. Messages of a megabyte, a few kilobytes each as they travel compressed, come by the hundred in one fetch.
package struct PollSize {
    package static let most = 4_000
    package static let first = 64
    /// What the messages of a poll should come to.
    package static let bytes = BatchLimits.bytes / 2

    package private(set) var maximum = PollSize.first

    package init() {}

    /// What the last poll brought.
    package mutating func took(messages: Int, bytes: Int) {
        guard messages > 0 else { return }
        let average = max(1, bytes / messages)
        maximum = min(max(1, Self.bytes / average), Self.most)
    }
}
