// `check` says what becomes of a file: the messages that push sends, read as the worker reads them, must give the same.

import Foundation
import Records
import TestSupport
import Testing

@testable import Pipeline

/// What can be counted on either side.
private struct Found: Equatable {
    var records: UInt64 = 0
    var rejects: UInt64 = 0
    var spared: UInt64 = 0
    var ages = [UInt64](repeating: 0, count: 151)
    var errors: [String: UInt64] = [:]
    /// Of each code: `line 3 age: not an integer`, the first three.
    var examples: [String: [String]] = [:]

    init() {}

    init(_ tally: RecordTally) {
        records = tally.records
        rejects = tally.rejects
        spared = tally.spared
        ages = tally.ages
        for errors in tally.errors {
            self.errors[errors.code] = errors.count
            examples[errors.code] = errors.examples.map { Self.words($0.line, $0.error) }
        }
    }

    mutating func add(_ error: FieldError, line: UInt64) {
        errors[error.code, default: 0] += 1
        if examples[error.code, default: []].count < 3 {
            examples[error.code, default: []].append(Self.words(line, error))
        }
    }

    private static func words(_ line: UInt64, _ error: FieldError) -> String {
        "line \(line) \(error.field): \(error.message)"
    }
}

@Suite struct FirstPassTests {
    struct Sample: Sendable, CustomTestStringConvertible {
        let name: String
        let text: String
        /// How much of its start stays as it is, so that most of its kin are still taken.
        var kept = 0
        var flags = InputFlags()

        var testDescription: String { name }
    }

    private static func flags(_ set: (inout InputFlags) -> Void) -> InputFlags {
        var flags = InputFlags()
        set(&flags)
        return flags
    }

    private static let dotted = "name.firstName,name.lastName,age,email,address.line1,gender\n"
    private static let rows = """
        Rohit,Prasad,35,r@p.in,"1, High Street",male\r
        Zoë,"O""Neil",041,,,
        bad,age,abc,x,,

        "two
        lines",x,20,,,f
        ragged,row
        stray"quote,x,1,,,
        ,,,,,
        after,it,150,,,m
        """
    private static let day = CalendarDate(year: 2020, month: 1, day: 1)!
    private static let born = "name,Born on\n"
    private static let aliased = "Full Name;Alter;Mobile;Date of birth\n"
    private static let lines = """
        {"name": {"firstName": "Rohit", "lastName": "Prasad"}, "age": 35, "gender": "male"}

        {"name":"Zo\\u00eb","age":"041","address":{"line1":"x"},"email":"a@b"}\r
        {"name":"a","age":1} {"x":1}
        [1,2]
        {"name":"a","age":151,"email":7}
        nonsense
        {"age":2.0,"name":"é😀","phoneNumber":"none"}
        """
    private static let objects = """
        [{"Full Name": "Ann", "Age": 1, "Phone": "none", "a": {"b": [1, "]"]}},
        {"Full Name": "Bo", "Age": "x"}, 7, {"Age": 3}, {"Full Name": "Cy", "Age": 4, "Age": 5},
        {"Full Name": "Di", "Age": 40, "Phone": "123 4567"}]
        """

    static let samples = [
        Sample(name: "dotted CSV", text: dotted + rows, kept: dotted.utf8.count),
        Sample(
            name: "lenient, ragged CSV", text: dotted + rows, kept: dotted.utf8.count,
            flags: flags {
                $0.lenient = true
                $0.ragged = true
                $0.null = "x"
            }),
        Sample(
            name: "aliases", text: aliased + "Ann;35;none;1\n;40;1234567;2\nBo;abc;;3\nCy;7;+1 (23) 456;4\n",
            kept: aliased.utf8.count),
        Sample(
            name: "dates of birth", text: born + "Ann,1990-01-01\nBo,soon\nCy,2030-02-29\nDi,1800-01-01\nEd,\n",
            kept: born.utf8.count,
            flags: flags {
                $0.ageFrom = AgeFrom(column: "Born on", asOf: day)
            }),
        Sample(name: "JSON lines", text: lines),
        Sample(name: "a JSON array with other names", text: objects),
    ]

    /// Bytes that mean something to one of the scanners, and some that do not.
    private static let alphabet: [UInt8] = Array("\"\",;\n\r\\{}[]:0 \tx".utf8) + [0, 0x80, 0xC3, 0xFF]

    private static func mutated(_ sample: Sample, _ random: inout SplitMix) -> [UInt8] {
        var bytes = Array(sample.text.utf8)
        for _ in 0..<Int.random(in: 0...5, using: &random) {
            let place = Int.random(in: sample.kept..<bytes.count, using: &random)
            let byte = alphabet.randomElement(using: &random)!
            switch Int.random(in: 0..<4, using: &random) {
            case 0: bytes[place] = byte
            case 1: bytes.insert(byte, at: place)
            case 2: bytes.remove(at: place)
            default:
                let end = min(place + Int.random(in: 1...60, using: &random), bytes.count)
                bytes.insert(
                    contentsOf: bytes[place..<end], at: Int.random(in: sample.kept..<bytes.count, using: &random))
            }
        }
        return bytes
    }

    /// What a worker makes of the messages that push sends for this file. nil: push refuses it.
    private func pushed(_ path: String, _ options: PushOptions) throws -> Found? {
        guard let stream = try? stream(path, options) else { return nil }
        var found = Found()
        let validator = Validator(key: options.keyFields)
        while true {
            do { guard try stream.next() else { return found } } catch { return nil }
            try take(stream.outgoing, validator, &found)
        }
    }

    private func stream(_ path: String, _ options: PushOptions) throws -> RecordStream {
        let source = try FileSource(path, encoding: nil, interrupt: Interrupt())
        let isWhole = try source.windowIsWhole()
        let conclusion = try withBytes(Array(try source.window())) { bytes in
            try Conclusion(
                bytes, isWhole: isWhole, offset: source.textStart, options.input, keyFields: options.keyFields,
                today: Self.day)
        }
        let scanner = RecordScanner(offset: source.textStart) { try source.read($0) }
        try scanner.begin(conclusion)
        let plan = Plan(
            input: conclusion, keyFields: options.keyFields, partitions: 3, onDuplicate: options.onDuplicate)
        return RecordStream(scanner: scanner, plan: plan, job: JobID(high: 1, low: 2))
    }

    private func take(_ message: OutgoingMessage, _ validator: Validator, _ found: inout Found) throws {
        guard case .header(let header) = WireHeader.decode(message.header) else {
            throw TestSupportError("a header that does not decode")
        }
        found.records += 1
        if header.kind == .record {
            validator.lenient = header.lenient ?? []
            try #require(validator.validate(message.value))
            found.ages[validator.person.age] += 1
            if validator.isSpared { found.spared += 1 }
        } else {
            found.rejects += 1
            let errors = try #require(message.errors.flatMap(FieldError.parse))
            for error in errors { found.add(error, line: header.line) }
        }
    }

    @Test(arguments: samples) func checkFindsWhatPushSends(sample: Sample) throws {
        let files = try TemporaryDirectory()
        var random = SplitMix(state: UInt64(sample.text.utf8.count))
        var options = PushOptions()
        options.input = sample.flags
        var taken = 0
        for number in 0..<200 {
            let bytes = number == 0 ? Array(sample.text.utf8) : Self.mutated(sample, &random)
            let path = try files.write("people", Data(bytes))
            let outcome = CheckOutcome(path, options, interrupt: Interrupt()) { _ in }
            let found = try pushed(path, options)
            let shown = String(decoding: bytes, as: UTF8.self)
            try #require(outcome.tally.map(Found.init) == found, "\(outcome.error?.message ?? ""): \(shown)")
            #expect((outcome.error == nil) == (outcome.tally != nil))
            if found != nil { taken += 1 }
        }
        #expect(taken > 50)
    }
}
