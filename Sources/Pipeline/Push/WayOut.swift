// What takes an input that is refused as it is: a command to paste, as structure.

package import Files
import Records

package struct WayOut: Equatable, Sendable {
    /// The first reads the file, each other one the output of the one before.
    package let programs: [Unpacker]
    /// In place of those that bear on the input.
    package let options: [String]

    package init(programs: [Unpacker] = [], options: [String]) {
        self.programs = programs
        self.options = options
    }

    /// - Parameters:
    ///   - container: what unpacks the file, if it is packed.
    ///   - flags: those that were given.
    init(_ remedy: FileRemedy, unpacking container: [Unpacker], _ flags: InputFlags) {
        var flags = flags
        switch remedy {
        case .unpack(let unpackers): programs = unpackers
        case .transcode(let name):
            programs = container + [.transcode(from: name)]
            flags.encoding = nil
        case .encoding(let encoding):
            programs = []
            flags.encoding = encoding?.name
        }
        options = flags.words
    }

    /// - Parameter decoding: what makes UTF-8 of the file, as far as it is known.
    init(_ remedy: Remedy, decoding: [Unpacker]) {
        switch remedy {
        case .options(let options): self.init(options: options)
        case .program(let program, let encoding, let options):
            let transcoding = encoding.map { [Unpacker.transcode(from: $0)] } ?? []
            self.init(programs: decoding + transcoding + [Unpacker(program)], options: options)
        }
    }

    /// Commands to join with pipes, each a list of words; to be quoted for a shell.
    /// - Parameters:
    ///   - path: nil for a stream, whose source stands as `…`.
    ///   - command: what goes before the options, and `others` behind them.
    package func commands(path: String?, _ command: [String], others: [String] = []) -> [[String]] {
        // A name that begins with a hyphen would be taken for options.
        let file = path.map { $0.hasPrefix("-") ? "./" + $0 : $0 }
        var commands = file == nil ? [["…"]] : []
        for (index, program) in programs.enumerated() {
            commands.append(index == 0 && file != nil ? program.file + [file ?? ""] : program.stream)
        }
        return commands + [command + options + others + [programs.isEmpty ? file ?? "-" : "-"]]
    }
}
