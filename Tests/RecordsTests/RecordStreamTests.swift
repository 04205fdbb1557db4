// The stream of messages: kinds, partitions, sequence and digest, the same however the input comes.

import TestSupport
import Testing

@testable import Records

@Suite struct RecordStreamTests {
    static let csv = """
        \u{FEFF}name.firstName,name.lastName,age,email,address.line1,gender\r
        Rohit,Prasad,35,r@p.in,"1, High Street",male
        Zoë,"O""Neil",041,,,\r
        \r
        bad,age,abc,x,,
        "two
        lines",x,20,,,f
        ragged,row
        stray"quote,x,1,,,
        café,\u{E9}e\u{301},7,,"say ""hi""\\",
        ,,,,,
        Rohit,Prasad,35,,,\r"never,closed,1,,,
        after,it,9,,,m
        """

    static let jsonl = """
        {"name": {"firstName": "Rohit", "lastName": "Prasad"}, "age": 35, "gender": "male"}

        {"name":"Zo\\u00eb","age":"041","address":{"line1":"x"}}\r
        {"name":"a","age":1} {"x":1}
        [1,2]
        {"name":"a","age":151,"email":7}
        nonsense
           \t
        {"age":2,"name":"é😀"}
        """

    @Test func messages() throws {
        let stream = try stream(Array(Self.csv.utf8), .csv)
        let messages = try sent(stream)
        #expect(
            messages.map(\.kind) == [
                .record, .record, .raw, .record, .raw, .raw, .record, .raw, .record, .raw, .record,
            ])
        #expect(
            messages.map(\.key) == [
                "Rohit Prasad\u{0}35", "Zoë O\"Neil\u{0}41", nil, "two\nlines x\u{0}20", nil, nil,
                "café \u{E9}e\u{301}\u{0}7", nil, "Rohit Prasad\u{0}35", nil, "after it\u{0}9",
            ])
        #expect(
            String(decoding: messages[0].value, as: UTF8.self)
                == #"{"name":{"firstName":"Rohit","lastName":"Prasad"},"age":35,"email":"r@p.in","address":{"line1":"1, High Street"},"gender":"male"}"#
        )
        #expect(String(decoding: messages[2].value, as: UTF8.self) == "bad,age,abc,x,,")
        #expect(
            messages[2].errors == """
                [{"field":"age","code":"not_an_integer","message":"is not a whole number"},\
                {"field":"email","code":"invalid_email","message":"has no @"}]
                """)
        #expect(messages.map { $0.errors == nil } == messages.map { $0.kind == .record })
        #expect(messages[7].errors?.hasPrefix(#"[{"field":"name","code":"missing""#) == true)
        #expect(messages[0].partition == messages[8].partition)
        #expect(stream.records == 11)
        #expect(stream.rejects == 5)
        #expect(stream.bytesConsumed == UInt64(Self.csv.utf8.count))
    }

    @Test(arguments: [Format.csv, .jsonl]) func sequenceIsDenseInEveryPartition(format: Format) throws {
        let input = Array((format == .csv ? Self.csv : Self.jsonl).utf8)
        for partitions in [1, 2, 3, 12, 100] {
            let stream = try stream(input, format, partitions: partitions)
            let messages = try sent(stream)
            for partition in 0..<partitions {
                let own = messages.filter { $0.partition == Int32(partition) }
                #expect(own.map(\.seq) == own.indices.map { UInt64($0 + 1) })
                let digest = own.reduce(0) { digest, message in
                    withBytes(message.value) { Digest.extend(digest, $0) }
                }
                let count = UInt64(own.count)
                #expect(stream.sequence(of: partition) == count)
                #expect(
                    stream.endMarker(partition: partition) == EndMarker(lastSeq: count, records: count, digest: digest))
            }
        }
    }

    @Test func partitionsOfRecordsAndRejects() throws {
        for message in try sent(try stream(Array(Self.csv.utf8), .csv, partitions: 7)) {
            guard case .header(let header) = withBytes(message.header, { WireHeader.decode($0) }) else {
                Issue.record("no header")
                continue
            }
            #expect(header.kind == message.kind)
            #expect(header.seq == message.seq)
            #expect(header.job == testJob)
            let expected = message.key.map { key in withBytes(key) { Hash.xxh3($0) % 7 } } ?? header.line % 7
            #expect(message.partition == Int32(expected))
        }
    }

    @Test(arguments: [Format.csv, .jsonl]) func everyChunkSizeGivesTheSame(format: Format) throws {
        let input = Array((format == .csv ? Self.csv : Self.jsonl).utf8)
        let whole = try sent(try stream(input, format))
        for chunk in 1...input.count {
            #expect(try sent(try stream(input, format, chunk: chunk)) == whole, "\(chunk)")
        }
    }

    /// Cut off anywhere, an input still gives records, and the same ones in any pieces.
    @Test(arguments: [Format.csv, .jsonl]) func everyPrefix(format: Format) throws {
        let input = Array((format == .csv ? Self.csv : Self.jsonl).utf8)
        let header =
            format == .csv
            ? Self.csv.utf8.firstIndex(of: 0x0D).map { Self.csv.utf8.distance(from: Self.csv.utf8.startIndex, to: $0) }
                ?? 0 : 4
        for count in header...input.count {
            let prefix = Array(input[..<count])
            #expect(try sent(try stream(prefix, format)) == sent(try stream(prefix, format, chunk: 1)))
        }
    }

    /// What push calls valid, the worker must call valid, with the same key.
    @Test func theWorkerAgrees() throws {
        for (input, format) in [(Self.csv, Format.csv), (Self.jsonl, .jsonl)] {
            for message in try sent(try stream(Array(input.utf8), format)) where message.kind == .record {
                #expect(validate(message.value).person?.key == message.key)
            }
        }
    }

    @Test func truncated() throws {
        let line = Array("{\"name\":\"".utf8) + [UInt8](repeating: 0x61, count: 2_000_000) + Array("\",\"age\":1}".utf8)
        let messages = try sent(try stream(line + [0x0A] + Array(#"{"name":"a","age":1}"#.utf8), .jsonl))
        #expect(messages.map(\.kind) == [.truncated, .record])
        #expect(messages[0].value == Array(line[..<Limits.truncatedBytes]))
        #expect(messages[0].key == nil)
        #expect(messages[0].errors == #"[{"field":"","code":"too_long","message":"the record is longer than 1 MiB"}]"#)
        guard case .header(let header) = withBytes(messages[0].header, { WireHeader.decode($0) }) else {
            Issue.record("no header")
            return
        }
        #expect(
            header
                == WireHeader(
                    kind: .truncated, job: testJob, seq: header.seq, line: 1, offset: 0, length: UInt64(line.count)))
        #expect(messages[1].errors == nil)
    }

    @Test func longestMessagesFit() throws {
        let key = try KeyFields(parsing: "name,age,email,phoneNumber")
        let start = #"{"name":"\#(String(repeating: "n", count: 2_594))","age":150,"x":""#
        let line = start + String(repeating: "x", count: Limits.valueBytes - start.utf8.count - 2) + "\"}"
        for message in try sent(try stream(Array(line.utf8), .jsonl, key: key)) {
            #expect(message.kind == .record)
            #expect(message.value.count == Limits.valueBytes)
            #expect(message.key?.utf8.count == Limits.keyBytes)
        }
    }

    @Test func dialects() {
        #expect(
            [",", ";", "tab", "\\t", "\t", "|"].map { Dialect(argument: $0)?.argument } == [
                ",", ";", "tab", "tab", "tab", "|",
            ])
        #expect(Dialect(argument: ":") == nil)
        #expect(Dialect(argument: "") == nil)
    }
}

@Suite struct MutationTests {
    /// Bytes that mean something to one of the scanners, and some that do not.
    static let alphabet: [UInt8] = Array("\"\"\",,\n\r\\{}[]:eu0 \t;a".utf8) + [0, 0x80, 0xC3, 0xFF]

    static func mutated(_ input: [UInt8], _ random: inout SplitMix) -> [UInt8] {
        var bytes = input
        for _ in 0..<Int.random(in: 1...6, using: &random) {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            let byte = alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
            switch Int.random(in: 0..<4, using: &random) {
            case 0: bytes[place] = byte
            case 1: bytes.insert(byte, at: place)
            case 2: bytes.remove(at: place)
            default:
                let end = min(place + Int.random(in: 1...40, using: &random), bytes.count)
                bytes.insert(contentsOf: bytes[place..<end], at: Int.random(in: 0..<bytes.count, using: &random))
            }
        }
        return bytes
    }

    /// Nothing crashes; nothing is lost: the bytes between the records are line ends and blank lines only; pieces do
    /// not matter; the worker agrees with push.
    @Test(arguments: [Format.csv, .jsonl]) func mutatedFiles(format: Format) throws {
        var random = SplitMix(state: format == .csv ? 1 : 2)
        let header = Array("name,age,x,address.a\n".utf8)
        let body = Array(
            (format == .csv
                ? "Ann,1,b,\n\"B\"\"o\",\"22\",\"x\ny\",d\r\nc,3,é,\"\"\n\nlast,150,x,\"y, z\"\n"
                : RecordStreamTests.jsonl).utf8)
        for _ in 0..<1_000 {
            let input = (format == .csv ? header : []) + Self.mutated(body, &random)
            let records = try scan(input, format)
            var end = format == .csv ? header.count : 0
            for record in records {
                let start = Int(record.offset)
                try #require(start >= end && start + Int(record.length) <= input.count)
                #expect(input[end..<start].allSatisfy { format == .csv ? $0 == 0x0A || $0 == 0x0D : isWhitespace($0) })
                end = start + Int(record.length)
                #expect(record.original == Array(input[start..<end]))
                #expect((record.json == nil) == !record.errors.isEmpty)
            }
            #expect(input[end...].allSatisfy { format == .csv ? $0 == 0x0A || $0 == 0x0D : isWhitespace($0) })
            let messages = try sent(try stream(input, format))
            #expect(messages.count == records.count)
            let chunk = Int.random(in: 1...40, using: &random)
            #expect(try sent(try stream(input, format, chunk: chunk)) == messages)
            for message in messages where message.kind == .record {
                #expect(validate(message.value).person?.key == message.key)
            }
        }
    }

    @Test func mutatedRecords() {
        var random = SplitMix(state: 3)
        let record = Array(
            #"{"name":{"firstName":"R\u00e9","lastName":"P\ud83d\ude00"},"age":35.0,"address":{"a":[1,-2e5,null]},"x":"é"}"#
                .utf8)
        let validator = Validator(key: .standard)
        for _ in 0..<3_000 {
            let input = Self.mutated(record, &random)
            let verdict = validate(input, with: validator)
            // A validator that has seen others says the same as a new one.
            #expect(verdict == validate(input))
            if case .invalid(let errors) = verdict { #expect(!errors.isEmpty) }
        }
    }

    @Test func mutatedHeaders() {
        var random = SplitMix(state: 4)
        let header = Array(
            "\u{FEFF}name.firstName,name.lastName,age,\"x\",address.line1,address.b.c\r\n1,2,3,4,5,6".utf8)
        for _ in 0..<1_000 {
            let input = Self.mutated(header, &random)
            let whole = Result { try scan(input) }
            let pieces = Result { try scan(input, chunk: 1) }
            switch (whole, pieces) {
            case (.success(let one), .success(let other)): #expect(one == other)
            case (.failure(let one as InputError), .failure(let other as InputError)): #expect(one == other)
            default: Issue.record("pieces matter, or another error: \(whole), \(pieces)")
            }
        }
    }
}
