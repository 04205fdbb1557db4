// How many messages are taken at a time.

import Pipeline
import Testing

@Suite struct PollSizeTests {
    /// A poll's messages come to about 8 MiB, whatever their size.
    @Test(arguments: [
        (0, 0, 64), (64, 64 * 100, 4_000), (64, 64 << 20, 8), (1, 100 << 20, 1), (4_000, 4_000 * 4_096, 2_048),
        (10, 0, 4_000), (100, 100 * 2_097, 4_000),
    ])
    func followsTheMessages(messages: Int, bytes: Int, maximum: Int) {
        var size = PollSize()
        #expect(size.maximum == 64)
        size.took(messages: messages, bytes: bytes)
        #expect(size.maximum == maximum)
    }

    @Test func anEmptyPollChangesNothing() {
        var size = PollSize()
        size.took(messages: 10, bytes: 10 << 20)
        size.took(messages: 0, bytes: 0)
        #expect(size.maximum == 8)
    }
}
