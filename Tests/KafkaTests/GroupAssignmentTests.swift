// What a member of a group was assigned: bytes of another program.

import Testing

@testable import Kafka

@Suite struct GroupAssignmentTests {
    /// Version 0, one topic "users" with partitions 2 and 0.
    private static let good: [UInt8] =
        [0, 0, 0, 0, 0, 1, 0, 5] + Array("users".utf8) + [0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 0] + [0, 0, 0, 0]

    @Test func partitions() {
        #expect(GroupAssignment.partitions(of: "users", in: Self.good) == [0, 2])
        #expect(GroupAssignment.partitions(of: "other", in: Self.good) == [])
    }

    @Test func anythingElseIsNothing() {
        #expect(GroupAssignment.partitions(of: "users", in: []) == [])
        for count in 0..<(Self.good.count - 4) {
            #expect(GroupAssignment.partitions(of: "users", in: Array(Self.good.prefix(count))) == [])
        }
        // Lengths that are negative, or more than there is.
        for index in Self.good.indices {
            for byte: UInt8 in [0x7F, 0x80, 0xFF] {
                var bytes = Self.good
                bytes[index] = byte
                _ = GroupAssignment.partitions(of: "users", in: bytes)
            }
        }
    }
}
