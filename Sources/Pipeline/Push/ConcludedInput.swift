// A file that was opened, and concluded what it is from its first bytes.

import Files
import Foundation
import Records

/// One thread owns it.
final class ConcludedInput {
    let source: FileSource
    let flags: InputFlags
    let conclusion: Conclusion
    /// Of a stream, which is read once; it has not begun.
    private(set) lazy var scanner = RecordScanner(offset: source.textStart) { [source] in try source.read($0) }

    private let foundEncoding: TextEncoding
    private let container: Container?

    /// - Throws: `refused` or `usage`; `interrupted`.
    init(_ path: String, _ flags: InputFlags, keyFields: KeyFields, _ interrupt: Interrupt) throws(PipelineError) {
        let source = try FileSource(path, encoding: flags.encoding, interrupt: interrupt)
        self.source = source
        self.flags = flags
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
                    bytes, isWhole: isWhole, offset: source.textStart, flags, keyFields: keyFields, today: .today)
            }
            foundEncoding = try source.encoding()
            container = try source.container()
        } catch {
            throw Self.refusal(error, source, flags)
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
    func refusal(_ error: any Error) -> PipelineError { Self.refusal(error, source, flags) }

    private static func refusal(
        _ error: any Error, _ source: FileSource, _ flags: InputFlags
    ) -> PipelineError {
        switch error {
        case let error as InputError: .refused(error.message)
        case let error as FileError:
            .refused(error.message, wayOut: error.remedy.map { WayOut($0, unpacking: unpackers(source), flags) })
        case let refusal as Refusal:
            refusal.kind == .usage
                ? .usage(refusal.message)
                : .refused(refusal.message, wayOut: refusal.remedy.map { WayOut($0, decoding: decoders(source)) })
        case let failure as PipelineError: failure
        default: .refused("\(error)")
        }
    }

    private static func firstRecord(_ window: ArraySlice<UInt8>, _ flags: InputFlags) -> Int? {
        window.withUnsafeBufferPointer { StreamWindow.length($0, flags) }
    }

    /// What unpacks the file, as far as it is known.
    private static func unpackers(_ source: FileSource) -> [Unpacker] {
        ((try? source.container()) ?? nil).map { [$0.unpacker] } ?? []
    }

    /// What makes UTF-8 of it.
    private static func decoders(_ source: FileSource) -> [Unpacker] {
        guard let encoding = try? source.encoding(), encoding != .utf8 else { return unpackers(source) }
        return unpackers(source) + [.transcode(from: encoding.name)]
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
