// JSON for programs, keys in the order they are given: Foundation's encoder has neither order nor nulls.

import Foundation
import Log

indirect enum JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    case null
    case bool(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case list([JSONValue])
    case object([(String, JSONValue)])

    init(stringLiteral value: String) { self = .string(value) }
    init(integerLiteral value: Int64) { self = .integer(value) }

    init(_ text: String?) { self = text.map(JSONValue.string) ?? .null }
    init(_ number: Int64?) { self = number.map(JSONValue.integer) ?? .null }
    init(_ number: Int?) { self = number.map { .integer(Int64($0)) } ?? .null }
    /// ISO 8601, UTC, whole seconds.
    init(_ date: Date?) { self = date.map { .string($0.formatted(.iso8601)) } ?? .null }

    /// One line.
    var text: String {
        switch self {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .integer(let value): "\(value)"
        case .number(let value): "\(value)"
        case .string(let value): jsonString(value)
        case .list(let values): "[" + values.map(\.text).joined(separator: ", ") + "]"
        case .object(let members):
            "{" + members.map { jsonString($0) + ": " + $1.text }.joined(separator: ", ") + "}"
        }
    }
}
