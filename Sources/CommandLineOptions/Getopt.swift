// glibc's getopt_long(3): splits words into options and operands, and refuses abbreviations, which it would accept.

@preconcurrency import CGetopt
@preconcurrency import Glibc
import Log
import Synchronization

/// getopt keeps its place in globals (`optind`, `optarg`, `optopt`).
private let getoptLock = Mutex(())

enum CommandLineItem {
    case option(any DeclaredOption, String)
    case operand(String)
}

/// One pass of getopt_long over `words`; options first, then operands, both in their order.
func split(_ words: [String], by options: [any DeclaredOption]) throws(ValueProblem) -> [CommandLineItem] {
    let table = GetoptTable(options)
    let vector = ArgumentVector(["-"] + words)
    var items: [CommandLineItem] = []
    var problem: ValueProblem?
    getoptLock.withLock { _ in
        opterr = 0
        optind = 0  // 0, not 1: glibc then forgets the previous vector as well
        do throws(ValueProblem) {
            while true {
                let code = getopt_long(vector.count, vector.base, table.short, table.long, nil)
                if code == -1 { break }
                items.append(try table.item(code, vector))
            }
            items += vector.words(from: Int(optind)).map(CommandLineItem.operand)
        } catch {
            problem = error
        }
    }
    if let problem { throw problem }
    return items
}

/// The same options in getopt's form. An option's code is its place in the table plus 256, which is not a character.
private final class GetoptTable {
    private static let firstCode: Int32 = 256
    private let options: [any DeclaredOption]
    private let names: [UnsafeMutablePointer<CChar>]
    let long: UnsafeMutablePointer<option>
    /// Begins with `:`, so that getopt tells a missing value from an unknown option.
    let short: String

    init(_ options: [any DeclaredOption]) {
        self.options = options
        names = options.map { strdup($0.definition.long) }
        long = .allocate(capacity: options.count + 1)
        for (index, declared) in options.enumerated() {
            let entry = option(
                name: names[index], has_arg: declared.definition.isFlag ? no_argument : required_argument, flag: nil,
                val: Self.firstCode + Int32(index))
            (long + index).initialize(to: entry)
        }
        (long + options.count).initialize(to: option())
        short =
            ":"
            + options.compactMap { declared in
                declared.definition.short.map { String($0) + (declared.definition.isFlag ? "" : ":") }
            }.joined()
    }

    deinit {
        long.deallocate()
        names.forEach { free($0) }
    }

    /// What getopt_long's return value says. Called with the lock held, right after it.
    func item(_ code: Int32, _ vector: ArgumentVector) throws(ValueProblem) -> CommandLineItem {
        switch code {
        case Int32(UInt8(ascii: "?")): throw unknown(vector)
        case Int32(UInt8(ascii: ":")):
            throw abbreviated(optopt, vector, separateValue: false) ?? ValueProblem("\(spelling(optopt)) needs a value")
        default: break
        }
        let declared = declared(for: code)
        if let problem = abbreviated(code, vector, separateValue: !declared.definition.isFlag) { throw problem }
        return .option(declared, optarg.map { String(cString: $0) } ?? "")
    }

    /// getopt takes any unambiguous beginning of a name: then every new option could break a crontab.
    private func abbreviated(_ code: Int32, _ vector: ArgumentVector, separateValue: Bool) -> ValueProblem? {
        guard code >= Self.firstCode else { return nil }
        let word = vector.longOption(separateValue: separateValue)
        let spelling = spelling(code)
        return word == spelling ? nil : ValueProblem("unknown option \(escaped(word)); write \(spelling) in full")
    }

    private func declared(for code: Int32) -> any DeclaredOption {
        if code >= Self.firstCode { return options[Int(code - Self.firstCode)] }
        let letter = Character(Unicode.Scalar(UInt8(code)))
        return options.first { $0.definition.short == letter }!  // getopt returns only what `short` names
    }

    private func spelling(_ code: Int32) -> String {
        code >= Self.firstCode ? declared(for: code).definition.spelling : "-\(Character(Unicode.Scalar(UInt8(code))))"
    }

    private func unknown(_ vector: ArgumentVector) -> ValueProblem {
        if optopt >= Self.firstCode {
            return abbreviated(optopt, vector, separateValue: false)
                ?? ValueProblem("\(spelling(optopt)) takes no value")
        }
        // 0: a long one. In the middle of a word of letters, `optind` is still that word's, and the one before it is another.
        if optopt == 0 {
            let word = vector.longOption(separateValue: false)
            let names = options.map(\.definition.spelling)
            return ValueProblem("unknown option \(escaped(word))" + suggestion(for: word, among: names))
        }
        let letter = Unicode.Scalar(UInt8(truncatingIfNeeded: optopt))
        return ValueProblem("unknown option -\(escaped(letter.isASCII ? String(letter) : "?"))")
    }
}

/// argv, in C's memory; getopt permutes it.
private final class ArgumentVector {
    let count: Int32
    let base: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let owned: [UnsafeMutablePointer<CChar>]

    init(_ words: [String]) {
        owned = words.map { strdup($0) }
        count = Int32(words.count)
        base = .allocate(capacity: words.count + 1)
        for (index, word) in owned.enumerated() { (base + index).initialize(to: word) }
        (base + owned.count).initialize(to: nil)
    }

    deinit {
        base.deallocate()
        owned.forEach { free($0) }
    }

    func words(from index: Int) -> [String] {
        (index..<Int(count)).compactMap { base[$0].map { String(cString: $0) } }
    }

    /// The long option that getopt has just taken, as it was written, without `=value`. A value that stands
    /// alone is a word of its own, so that `optarg` points at its beginning.
    func longOption(separateValue: Bool) -> String {
        var index = Int(optind) - 1
        if separateValue, base[index] == optarg { index -= 1 }
        let word = base[index].map { String(cString: $0) } ?? ""
        // By scalars: a value may begin with a mark that combines with the equals sign.
        return word.unicodeScalars.split(separator: "=", maxSplits: 1).first.map { String(Substring($0)) } ?? word
    }
}
