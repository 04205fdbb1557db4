// What libFuzzer calls: one program with all targets, of which FUZZ_TARGET names one. `Tests/Fuzz/run` builds and runs it.

import Foundation
import Records

/// Takes any bytes; ends the process with `fail` if what they lead to is wrong.
typealias Target = @Sendable (Bytes) -> Void

private let targets: [String: Target] = [
    "csv": fuzzCSV, "json": fuzzJSON, "array": fuzzArray, "long": fuzzLong, "conclude": fuzzConclude,
    "files": fuzzFiles, "header": fuzzHeader, "markers": fuzzMarkers, "journal": fuzzJournal, "map": fuzzMap,
    "message": fuzzMessage, "words": fuzzWords, "terminal": fuzzTerminal, "fix": fuzzFix,
]

private let target: Target = {
    let name = ProcessInfo.processInfo.environment["FUZZ_TARGET"] ?? ""
    guard let target = targets[name] else {
        fail(
            "FUZZ_TARGET=\(name): there is no such target; targets are \(targets.keys.sorted().joined(separator: " "))")
    }
    return target
}()

private typealias Arguments = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

/// libFuzzer, as a library.
@_silgen_name("LLVMFuzzerRunDriver")
private func runFuzzer(
    _ count: UnsafeMutablePointer<CInt>, _ arguments: UnsafeMutablePointer<Arguments>,
    _ test: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

@main
enum Fuzz {
    static func main() {
        var count = CommandLine.argc
        var arguments = CommandLine.unsafeArgv
        exit(
            runFuzzer(&count, &arguments) { start, count in
                target(Bytes(start: start, count: count))
                return 0
            })
    }
}

/// Says what is wrong, and ends the process so that libFuzzer keeps the input.
func fail(_ message: @autoclosure () -> String) -> Never {
    FileHandle.standardError.write(Data("\nFUZZ: \(message())\n".utf8))
    abort()
}

@inline(__always)
func check(_ condition: Bool, _ message: @autoclosure () -> String) {
    if !condition { fail(message()) }
}
