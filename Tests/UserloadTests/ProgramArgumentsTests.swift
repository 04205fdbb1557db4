// The binary gets its arguments wherever it runs, byte for byte.

import Glibc
import TestSupport
import Testing

@Suite(.waiting) struct ProgramArgumentsTests {
    /// A mount namespace in which /proc is empty; root may make one by itself, others in a user namespace of their own.
    private static let withoutProc: [String] =
        ["/usr/bin/unshare", "--mount"] + (geteuid() == 0 ? [] : ["--map-root-user"])
        + ["sh", "-c", "mount -t tmpfs none /proc && exec \"$0\" \"$@\""]

    private static var canHideProc: Bool {
        let result = try? ChildProcess(withoutProc[0], Array(withoutProc.dropFirst()) + ["/bin/true"]).wait()
        return result?.code == 0
    }

    @Test(.enabled("needs the right to mount: unshare --mount") { canHideProc })
    func needsNoProc() throws {
        let result = try ChildProcess(
            Self.withoutProc[0], Array(Self.withoutProc.dropFirst()) + [Userload.binary, "nonsense"]
        ).wait()
        #expect(result.code == 2)
        #expect(result.stderr == "error: unknown command 'nonsense'\nsee 'userload --help'\n")
    }

    @Test func keepsBytesThatAreNotUTF8() throws {
        let result = try ChildProcess("/bin/sh", ["-c", "exec \"$0\" \"$(printf 'caf\\351')\"", Userload.binary]).wait()
        #expect(result.code == 2)
        #expect(result.stderr == "error: unknown command 'caf\\xE9'\nsee 'userload --help'\n")
    }
}
