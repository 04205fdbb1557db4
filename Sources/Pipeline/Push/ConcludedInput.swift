// A file that was opened, and concluded what it is from its first bytes.

import Files
import Foundation
import Records

/// One thread owns it.
final class ConcludedInput {
    let source: FileSource
    let conclusion: Conclusion
    /// Of a stream, which is read once; it has not begun.
    private(set) lazy var scanner = RecordScanner(offset: source.textStart) { [source] in try source.read($0) }

    private let options: PushOptions
    private let foundEncoding: TextEncoding
    private let container: Container?

    /// - Throws: `refused` or `usage`; `interrupted`.
    init(_ path: String, _ options: PushOptions, _ interrupt: Interrupt) throws(PipelineError) {
        let flags = options.input
        let source = try FileSource(path, encoding: flags.encoding, interrupt: interrupt)
        self.source = source
        self.options = options
        do {
            var window = try source.window()
            var first = source.isRegular ? nil : Self.firstRecord(window, flags)
            while !source.isRegular, first == nil, try source.widenWindow() {
                window = try source.window()
                first = Self.firstRecord(window, flags)
            }
            guard !window.isEmpty else { throw PipelineError.refused("is empty") }
            let isWhole = try first == nil && source.windowIsWhole()
            conclusion = try withBytes(Array(window.prefix(first ?? window.count))) { bytes in
                try Conclusion(
                    bytes, isWhole: isWhole, offset: source.textStart, flags, keyFields: options.keyFields,
                    today: .today)
            }
            foundEncoding = try source.encoding()
            container = try source.container()
        } catch {
            throw Self.refusal(try Self.inItsEncoding(error, source, options, interrupt), source, options)
        }
    }

    /// What another encoding is proposed for is looked at in that one, for what is needed beside it.
    private static func inItsEncoding(
        _ error: any Error, _ source: FileSource, _ options: PushOptions, _ interrupt: Interrupt
    ) throws(PipelineError) -> any Error {
        guard let found = error as? FileError, case .encoding(let encoding) = found.remedy, source.isRegular else {
            return error
        }
        var other = options
        other.input.encoding = encoding?.name
        do throws(PipelineError) {
            _ = try ConcludedInput(source.path, other, interrupt)
            return error
        } catch {
            if error.kind == .interrupted { throw error }
            let flag = encoding.map { "with --encoding \($0)" } ?? "without --encoding"
            return PipelineError.refused("\(found.message); \(flag): \(error.message)", wayOut: error.wayOut)
        }
    }

    /// Of a plan; nil for UTF-8.
    var encoding: String? { foundEncoding == .utf8 ? nil : foundEncoding.name }

    /// What the file is taken for, for people.
    var line: String { conclusion.line([foundEncoding.words] + (container.map { [$0.rawValue] } ?? [])) }

    /// A regular file from its start, or a stream; a scanner that has not begun.
    /// - Parameter reading: called before each read.
    func scannerFromStart(reading: @escaping () -> Void) throws -> RecordScanner {
        guard source.isRegular else { return scanner }
        source.rewind()
        _ = try source.window()
        return RecordScanner(offset: source.textStart) { [source] in
            reading()
            return try source.read($0)
        }
    }

    /// Nothing was sent yet: whatever the input's fault is, it is refused.
    func refusal(_ error: any Error) -> PipelineError { Self.refusal(error, source, options) }

    private static func refusal(
        _ error: any Error, _ source: FileSource, _ options: PushOptions
    ) -> PipelineError {
        switch error {
        case let error as InputError: return .refused(error.message)
        case let error as FileError:
            return .refused(
                error.message,
                wayOut: error.remedy.map { WayOut($0, unpacking: unpackers(source), options.input) })
        case let refusal as Refusal:
            let message = refusal.notice.words(showingValues: options.showsValues)
            let wayOut = refusal.remedy.map { WayOut($0, decoding: decoders(source, options.input)) }
            return refusal.kind == .usage ? .usage(message, wayOut: wayOut) : .refused(message, wayOut: wayOut)
        case let failure as PipelineError: return failure
        default: return .refused("\(error)")
        }
    }

    private static func firstRecord(_ window: ArraySlice<UInt8>, _ flags: InputFlags) -> Int? {
        window.withUnsafeBufferPointer { StreamWindow.length($0, flags) }
    }

    /// What unpacks the file, as far as it is known.
    private static func unpackers(_ source: FileSource) -> [Unpacker] {
        ((try? source.container()) ?? nil).map { [$0.unpacker] } ?? []
    }

    /// What makes UTF-8 of it, without its byte order mark.
    private static func decoders(_ source: FileSource, _ flags: InputFlags) -> [Unpacker] {
        guard let encoding = try? source.encoding(), encoding != .utf8 else { return unpackers(source) }
        let name = encoding.isUTF16 && flags.encoding == nil ? encoding.words : encoding.name
        return unpackers(source) + [.transcode(from: name)]
    }
}

extension TextEncoding {
    /// For people: in which of its two orders a file is, its byte order mark says.
    fileprivate var words: String { isUTF16 ? "UTF-16" : name }
}

extension CalendarDate {
    /// In local time.
    fileprivate static var today: CalendarDate {
        let parts = Calendar(identifier: .gregorian).dateComponents([.year, .month, .day], from: Date())
        return CalendarDate(clamping: parts.year ?? 0, parts.month ?? 1, parts.day ?? 1)
    }
}
