// What a member of a consumer group was assigned, as Kafka's own consumers write it (ConsumerProtocolAssignment). The bytes
// come from another program: anything may be in them.

package struct GroupMember: Equatable, Sendable {
    package let client: String
    /// As the broker sees it: "/127.0.0.1".
    package let host: String
    package let assignment: [UInt8]
}

package enum GroupAssignment {
    /// The partitions of a topic, ascending; none where the bytes are something else.
    package static func partitions(of topic: String, in bytes: [UInt8]) -> [Int32] {
        var input = Input(rest: bytes[...])
        guard input.int16() != nil, let topics = input.int32(), topics >= 0 else { return [] }
        var found: [Int32] = []
        for _ in 0..<topics {
            guard let name = input.text(), let count = input.int32(), count >= 0, count <= input.rest.count / 4
            else { return [] }
            for _ in 0..<count {
                guard let partition = input.int32() else { return [] }
                if name.elementsEqual(topic.utf8) { found.append(partition) }
            }
        }
        return found.sorted()
    }

    private struct Input {
        var rest: ArraySlice<UInt8>

        mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
            guard count >= 0, count <= rest.count else { return nil }
            defer { rest = rest.dropFirst(count) }
            return rest.prefix(count)
        }

        mutating func int16() -> Int16? { take(2).map { $0.reduce(0) { $0 << 8 | Int16($1) } } }
        mutating func int32() -> Int32? { take(4).map { $0.reduce(0) { $0 << 8 | Int32($1) } } }
        mutating func text() -> ArraySlice<UInt8>? { int16().flatMap { take(Int($0)) } }
    }
}
