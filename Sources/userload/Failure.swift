// Why a command ends: one plain sentence and an exit code.

struct Failure: Error, Equatable {
    let code: ExitCode
    /// For people; escaped when it is written.
    let message: String
    /// A second line: where to look, what to type.
    let hint: String?

    init(_ code: ExitCode, _ message: String, hint: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
    }
}
