// The way out of a refusal: tries what the bytes suggest until it leads to a conclusion. Only a whole way is proposed.

extension Concluder {
    /// What leads to a conclusion.
    struct Way {
        /// Reads the file first.
        var program: [String]?
        var flags: InputFlags
    }

    func refusal(_ fault: Fault, _ flags: InputFlags) -> Refusal {
        var notice = Notice(text: fault.message)
        if let offer = windows1252Offer(flags), let remedy = remedyInWindows1252(flags) {
            if !fault.namesEncoding { notice = notice.adding(offer.notice) }
            return Refusal(fault.kind, notice, remedy: remedy)
        }
        guard let way = way(fault, flags) else { return Refusal(fault.kind, notice) }
        guard let program = way.program else { return Refusal(fault.kind, notice, remedy: .options(way.flags.words)) }
        // jq would put U+FFFD in place of what is not UTF-8.
        guard isUTF8 else { return Refusal(fault.kind, notice) }
        return Refusal(fault.kind, notice, remedy: .program(program, from: nil, options: way.flags.words))
    }

    /// The way for the text that these bytes are in windows-1252.
    private func remedyInWindows1252(_ flags: InputFlags) -> Remedy? {
        guard let text = Windows1252.decoded(bytes) else { return nil }
        return withBytes(text) { text in
            let decoded = Concluder(text, isWhole: isWhole, keyFields: keyFields, today: today)
            guard var way = decoded.way(flags) else { return nil }
            if let program = way.program {
                return .program(program, from: Windows1252.name, options: way.flags.words)
            }
            way.flags.encoding = Windows1252.name
            return .options(way.flags.words)
        }
    }

    private func way(_ fault: Fault, _ flags: InputFlags) -> Way? {
        for program in programs(fault) {
            if let found = way(program, flags) { return found }
        }
        return fault.amended.flatMap(way)
    }

    private func programs(_ fault: Fault) -> [OtherProgram] { isOutput ? [] : fault.programs }

    /// From these flags on; nil: none is known.
    func way(_ flags: InputFlags) -> Way? {
        var flags = flags
        var tried: Set<InputFlags> = []
        while flags.canBeTyped, tried.insert(flags).inserted, tried.count <= 6 {
            do {
                _ = try conclude(flags)
                return Way(flags: flags)
            } catch {
                for program in programs(error) {
                    if let found = way(program, flags) { return found }
                }
                guard let amended = error.amended else { return nil }
                flags = amended
            }
        }
        return nil
    }

    /// Through one program, whose output is UTF-8 in a form that shows.
    func way(_ program: OtherProgram, _ flags: InputFlags) -> Way? {
        inside(program, flags) { concluder, flags in
            guard let way = concluder.way(flags), way.program == nil else { return nil }
            return Way(program: program.words, flags: way.flags)
        }
    }

    /// Why what a program makes of the input is not taken.
    func fault(_ program: OtherProgram, _ flags: InputFlags) -> String? {
        inside(program, flags) { concluder, flags in
            do throws(Fault) {
                _ = try concluder.conclude(flags)
                return nil
            } catch {
                return error.message
            }
        }
    }

    private func inside<Result>(
        _ program: OtherProgram, _ flags: InputFlags, _ body: (Concluder, InputFlags) -> Result
    ) -> Result {
        withBytes(program.output) { output in
            var flags = flags
            flags.format = nil
            flags.encoding = nil
            let concluder = Concluder(
                output, isWhole: program.isWhole, keyFields: keyFields, today: today, isOutput: true)
            return body(concluder, flags)
        }
    }

    /// But for a character that the window's end may cut.
    private var isUTF8: Bool {
        (0...(isWhole ? 0 : 3)).contains { UTF8Rules.isValid(Bytes(rebasing: bytes.dropLast($0))) }
    }
}
