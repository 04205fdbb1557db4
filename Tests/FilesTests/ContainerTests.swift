// gzip and zstd: all that belongs to them is read, all that is wrong is said with its place, nothing else happens.

import Files
import Foundation
import TestSupport
import Testing

@Suite struct ContainerTests {
    static let text = Array("name,age\nAnn,30\nBen,31\n")
    /// A skippable frame of three bytes.
    static let skippable: [UInt8] = [0x5A, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 1, 2, 3]

    @Test func allMembersAreRead() throws {
        let one = try gzip(Self.text)
        #expect(try readAll(one + one + one).text == Self.text + Self.text + Self.text)
        // The end of a BGZF file is an empty member.
        let empty = try gzip([])
        #expect(try readAll(empty + one + empty).text == Self.text)
        #expect(try readAll(one + [UInt8](repeating: 0, count: 100_000)).text == Self.text, "padding")
        let many = (0..<3000).flatMap { _ in one }
        #expect(try readAll(many, size: 7).text.count == 3000 * Self.text.count)
    }

    @Test func allFramesAreRead() throws {
        let one = try zstd(Self.text)
        #expect(try readAll(one + one).text == Self.text + Self.text)
        #expect(try readAll(Self.skippable + Self.skippable + one + Self.skippable).text == Self.text)
        #expect(try readAll(Self.skippable).text == [])
        for command in ["zstd -q -c --no-check", "zstd -q -c --ultra -22", "zstd -q -c --long=27", "zstd -q -c -1"] {
            #expect(try readAll(try filter(command, Self.text)).text == Self.text, "\(command)")
        }
    }

    /// At every byte: either it is the end of a member or frame, or that something is missing is said with its place.
    @Test func truncatedAnywhere() throws {
        let one = try gzip(Self.text)
        let frame = try zstd(Self.text)
        for (name, whole, magic) in [("gzip", one + one, 2), ("zstd", Self.skippable + frame + frame, 4)] {
            let ends = name == "gzip" ? [one.count] : [Self.skippable.count, Self.skippable.count + frame.count]
            for length in magic..<whole.count {
                let error = failure(whole.prefix(length))
                if ends.contains(length) {
                    #expect(error == nil)
                } else {
                    #expect(
                        error
                            == FileError(
                                .damaged, "the \(name) data is cut off at byte \(length): the file is not complete"))
                }
                let stream = TextInput(try pipe([Array(whole.prefix(length))]))
                let streamed = Result { try readAll(stream) }
                if case .failure(let other) = streamed {
                    #expect(other as? FileError == error)
                } else {
                    #expect(error == nil)
                }
            }
        }
    }

    @Test func whatFollowsIsSaid() throws {
        let one = try gzip(Self.text)
        let frame = try zstd(Self.text)
        // Of zstd 0.7, from before its RFC: a fuzzer's, that libzstd took for whole.
        let legacy: [UInt8] = [0x27, 0xB5, 0x2F, 0xFD, 0x41, 0, 0, 0, 0, 0xFF, 0x7E, 2]
        for garbage in [Array("garbage"), [0x1F, 0x20, 1, 2, 3, 4, 5, 6, 7, 8], legacy] {
            #expect(
                failure(one + garbage)
                    == FileError(.damaged, "what follows the gzip data, from byte \(one.count), is not gzip"))
            #expect(
                failure(frame + garbage)
                    == FileError(.damaged, "what follows the zstd data, from byte \(frame.count), is not zstd"))
        }
        #expect(
            failure(one + [0, 0, 0] + one)
                == FileError(.damaged, "what follows the gzip data, from byte \(one.count + 3), is not gzip"))
        #expect(failure(frame + [0, 0, 0, 0, 0])?.message.contains("what follows the zstd data") == true)
    }

    @Test func damageIsSaidWithItsPlace() throws {
        var checksum = try gzip(Self.text)
        let place = checksum.count - 8
        checksum[place] ^= 1
        #expect(
            failure(checksum)
                == FileError(.damaged, "the gzip data is damaged at byte \(place + 4) (incorrect data check)"))
        #expect(
            failure([0x1F, 0x8B, 7, 0, 0, 0, 0, 0, 0, 0])
                == FileError(.damaged, "the gzip data is damaged at byte 4 (unknown compression method)"))
        var frame = try zstd(Self.text)
        frame[frame.count - 1] ^= 1
        #expect(failure(frame)?.message.hasSuffix("(Restored data doesn't match checksum)") == true)
        // Far into the file, the place is that of the block.
        let random = (0..<3_000_000).map { _ in UInt8.random(in: 32...126) }
        var long = try zstd(random)
        let middle = long.count / 2
        for index in middle..<(middle + 300_000) { long[index] = 0xFF }
        let message = try #require(failure(long)?.message)
        let found = try #require(message.split(separator: " ").compactMap { Int($0) }.first)
        #expect(message.hasPrefix("the zstd data is damaged at byte ") && abs(found - middle) < 300_000, "\(message)")
    }

    @Test func aWindowThatIsTooLargeAndADictionary() throws {
        let zeros = [UInt8](repeating: 0x30, count: 1_000)
        let large = failure(try filter("zstd -q -c --ultra -22 --long=30", zeros))
        #expect(
            large
                == FileError(
                    .unsupported, "the zstd data needs a window of more than 128 MiB", large?.remedy))
        #expect(large?.remedy == .unpack([Unpacker(["zstd", "-dc", "--long=31"])]))
        let directory = try TemporaryDirectory()
        let samples = (0..<2000).map { "{\"name\": \"Person \($0)\", \"age\": \($0 % 90)}\n" }
        for (index, sample) in samples.enumerated() where index < 200 {
            try directory.write("\(index).json", sample + samples[index + 1])
        }
        let dictionary = directory.path("d")
        try run("/bin/sh", ["-c", "cd '\(directory.path)' && zstd -q --train *.json -o d --maxdict=2000"])
        let error = failure(try filter("zstd -q -c -D '\(dictionary)'", Array(samples.joined())))
        #expect(error?.message == "the zstd data needs a dictionary: replace DICTIONARY by its file")
        #expect(error?.remedy == .unpack([Unpacker(["zstd", "-dc", "-D", "DICTIONARY"])]))
    }

    /// The name in the header is passed over, not kept: memory stays as it is.
    @Test func aHeaderWithANameOfAGigabyte() throws {
        let header: [UInt8] = [0x1F, 0x8B, 8, 8, 0, 0, 0, 0, 0, 3]
        let directory = try TemporaryDirectory()
        let path = try directory.write("name.gz", Data(header))
        try run(
            "/bin/sh",
            ["-c", "head -c 1073741824 /dev/zero | tr '\\0' x >> '\(path)'"])
        let number = open(path, O_RDONLY)
        let before = peakMemory()
        #expect(throws: FileError(.damaged, "the gzip data is cut off at byte 1073741834: the file is not complete")) {
            try readAll(TextInput(InputDescriptor(number, isOwned: true, isRegular: true)))
        }
        // Other tests of the process need memory at the same time.
        #expect(peakMemory() - before < 256 << 20)
    }

    /// 10 GB of zeros are 10 MB of gzip.
    @Test(arguments: ["gzip -1", "zstd -q"]) func aBombIsReadInConstantMemory(command: String) throws {
        let one = try filter("\(command) -c", [UInt8](repeating: 0x61, count: 64 << 20))
        let input = TextInput(try descriptor((0..<16).flatMap { _ in one }))
        let before = peakMemory()
        var buffer = [UInt8](repeating: 0, count: 262_144)
        var total = 0
        while true {
            let count = try buffer.withUnsafeMutableBytes { try input.read($0) }
            if count == 0 { break }
            total += count
        }
        #expect(total == 1 << 30)
        #expect(peakMemory() - before < 256 << 20)
    }

    /// Whatever a byte is changed to, there is an answer: the text, or an error; and from a file as from a pipe.
    @Test(arguments: 1...4) func randomBytes(seed: UInt64) throws {
        var generator = SplitMix(state: seed)
        let long = (0..<400).flatMap { Array("Person \($0),\($0 % 90)\n") }
        let seeds = [
            try gzip(Self.text), try gzip(long), try zstd(Self.text), Self.skippable + (try zstd(long)),
            [0x1F, 0x8B], [0x28, 0xB5, 0x2F, 0xFD],
        ]
        for _ in 0..<250 {
            var bytes = try #require(seeds.randomElement(using: &generator))
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let index = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes[index] = .random(in: 0...255, using: &generator)
                case 1: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
                case 2: bytes.insert(.random(in: 0...255, using: &generator), at: index)
                default: bytes += (0..<20).map { _ in .random(in: 0...255, using: &generator) }
                }
            }
            let input = TextInput(try descriptor(bytes), .bytes)
            let found = Result { try readAll(input, size: 100) }
            #expect(input.close())
            let stream = TextInput(try pipe([bytes]), .bytes)
            let streamed = Result { try readAll(stream, size: 100) }
            #expect(stream.close())
            switch (found, streamed) {
            case (.success(let left), .success(let right)): #expect(left == right)
            case (.failure(let left), .failure(let right)):
                #expect(left is FileError && left as? FileError == right as? FileError)
            default: Issue.record("a file and a pipe differ: \(bytes)")
            }
        }
    }

    /// The most memory that this process had, in bytes.
    private func peakMemory() -> Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss * 1024
    }
}
