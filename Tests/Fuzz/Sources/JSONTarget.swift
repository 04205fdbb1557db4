// Records of JSON: what is taken is JSON by the RFC, to other readers too, and what is refused is none or breaks a rule.

import Foundation

@testable import Records

// Unsafe: libFuzzer calls on one thread.
nonisolated(unsafe) private let validator = Validator(key: .standard)
nonisolated(unsafe) private let lenientValidator: Validator = {
    let validator = Validator(key: .standard)
    validator.lenient = .all
    return validator
}()
nonisolated(unsafe) private let renamer = JSONRenamer(
    [
        Column(source: [Array("a".utf8)], path: [Array("name".utf8)], match: .map),
        Column(source: [Array("b".utf8), Array("c".utf8)], path: [Array("age".utf8)], match: .map),
        Column(source: [Array("d".utf8)], path: [Array("address".utf8), Array("city".utf8)], match: .map),
    ], age: nil)

func fuzzJSON(_ bytes: Bytes) {
    checkValue(bytes)
    checkRecord(bytes)
    // As a value within a record, in memory of exactly its size: the address sanitizer sees a read beyond it.
    let record = Array(#"{"name":"n","age":1,"x":"#.utf8) + bytes + Array("}".utf8)
    let copy = UnsafeMutablePointer<UInt8>.allocate(capacity: record.count)
    defer { copy.deallocate() }
    copy.initialize(from: record, count: record.count)
    checkRecord(Bytes(start: copy, count: record.count))
    lookInside(bytes)
}

private func isNumeric(_ code: String) -> Bool { code == "number_out_of_range" || code == "too_many_digits" }

/// One value that jsonb takes, or not.
private func checkValue(_ bytes: Bytes) {
    let isClean = JSONScanner.isClean(bytes)
    switch ReferenceJSON.read(bytes) {
    case .malformed: check(!isClean, "taken, and not JSON")
    case .good(let depth, let flaws):
        check(!isClean || flaws.isEmpty && depth <= Limits.depth, "taken, with \(flaws), depth \(depth)")
        if !isClean, flaws.isEmpty, depth <= Limits.depth {
            // Only numbers of a length that Postgres does not keep are left as a reason.
            check(bytes.contains { $0 | 0x20 == UInt8(ascii: "e") } || bytes.count > 16_000, "JSON that is not taken")
        }
    }
    if isClean { checkFoundation(bytes) }
}

/// Foundation reads it, too, as far as its numbers fit a double.
private func checkFoundation(_ bytes: Bytes) {
    guard !bytes.contains(where: { $0 | 0x20 == UInt8(ascii: "e") && $0 != UInt8(ascii: "e") }), bytes.count < 300
    else {
        return
    }
    if bytes.contains(where: { (0x30...0x39).contains($0) }), bytes.contains(UInt8(ascii: "e")) { return }
    do {
        _ = try JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
    } catch {
        fail("Foundation does not read what is taken: \(error)")
    }
}

private func checkRecord(_ bytes: Bytes) {
    let isTaken = validator.validate(bytes)
    let codes = validator.errors.map(\.code)
    check(isTaken || !codes.isEmpty, "refused without an error")
    check(FieldError.parse(bytes: FieldError.json(validator.errors)) != nil, "errors that no worker reads")
    switch ReferenceJSON.read(bytes) {
    case .malformed:
        check(!isTaken, "a record that is taken, and not JSON")
        check(codes.contains("malformed_json") || codes.contains("too_deep"), "not JSON, and only \(codes)")
    case .good(let depth, let flaws):
        check(
            !isTaken || flaws.isEmpty && depth <= Limits.depth, "a record that is taken, with \(flaws), depth \(depth)")
        check(!codes.contains("malformed_json"), "JSON, and refused as malformed")
        check(codes.contains("too_deep") == (depth > Limits.depth), "depth \(depth), and \(codes)")
        guard depth <= Limits.depth, !codes.contains("not_an_object"), !codes.contains("too_many_errors") else {
            return
        }
        check(codes.contains("nul_character") == flaws.hasNUL, "\(flaws), and \(codes)")
        check(codes.contains("invalid_utf8") == flaws.hasInvalidUTF8, "\(flaws), and \(codes)")
        check(codes.contains("lone_surrogate") == flaws.hasLoneSurrogate, "\(flaws), and \(codes)")
        check(codes.contains("duplicate_key") == flaws.hasDuplicateKey, "\(flaws), and \(codes)")
    }
    if isTaken { checkPerson(bytes) }
}

/// The worker takes what push takes, with the same key, and stores JSON.
private func checkPerson(_ bytes: Bytes) {
    let key = Array(validator.key)
    let person = validator.person
    check((0...150).contains(person.age), "age \(person.age)")
    check(key.count <= Limits.keyBytes && key.count { $0 == 0 } == 1, "a key that is none")
    check(person.additionalInfo.map { JSONScanner.isClean($0) } ?? true, "additional_info that is no JSON")
    check(person.address.map { JSONScanner.isClean($0) } ?? true, "an address that is no JSON")
    for text in [person.name, person.email, person.phoneNumber].compactMap({ $0 }) {
        check(UTF8Rules.isValid(text) && !text.contains(0), "text that Postgres refuses")
    }
    check(lenientValidator.validate(bytes), "taken, and refused where fields may break their rules")
    check(key.elementsEqual(lenientValidator.key), "another key where fields may break their rules")
}

/// What looks inside of any bytes ends, and stays inside; what is renamed stays JSON.
private func lookInside(_ bytes: Bytes) {
    let keys = JSONMembers.keys(of: bytes)
    _ = JSONMembers.value(at: keys?.first.map { [$0] } ?? [[0x61], [0x62]], in: bytes)
    _ = JSONMembers.wrappedArrays(in: bytes)
    let renamed = renamer.rename(bytes)
    guard bytes.first == UInt8(ascii: "{"), case .good(let depth, _) = ReferenceJSON.read(bytes), depth <= Limits.depth
    else { return }
    guard let renamed else { fail("an object that cannot be renamed") }
    check(ReferenceJSON.read(renamed) != .malformed, "renamed, and not JSON")
    check(
        JSONMembers.all(of: bytes).map(\.key) == keys ?? [], "other keys from a look at all members of the object")
}

extension FieldError {
    fileprivate static func parse(bytes: [UInt8]) -> [FieldError]? { withBytes(bytes) { parse($0) } }
}
