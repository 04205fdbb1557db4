// The words the program was started with, as the kernel handed them over. `CommandLine.arguments` reads
// /proc/self/cmdline, so it is empty where /proc is not mounted, and it replaces bytes that are not UTF-8.

import FileNames
import Glibc

nonisolated(unsafe) private var argumentCount: Int32 = 0
nonisolated(unsafe) private var argumentVector: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?

/// glibc calls the functions in .init_array with main's arguments, on the only thread there is, before main.
@section(".init_array") @used
private let keepArguments:
    @convention(c) (
        Int32, UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
    ) -> Void = { count, vector, _ in
        argumentCount = count
        argumentVector = vector
    }

/// The program's name and what follows it. Bytes that are not UTF-8 are kept as `String(fileSystemBytes:)` keeps them.
package let programArguments: [String] = (0..<Int(argumentCount)).compactMap { index in
    argumentVector?[index].map {
        String(fileSystemBytes: UnsafeBufferPointer(start: $0, count: strlen($0)).map(UInt8.init(bitPattern:)))
    }
}
