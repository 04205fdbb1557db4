// Signals: the first SIGINT or SIGTERM asks to stop, a second SIGINT stops at once.

import Glibc
import Pipeline

/// Global, as a signal handler has no context.
let processInterrupt = Interrupt()

func installSignalHandlers() {
    // Initialised here: a handler must not be the first to touch a lazy global.
    _ = processInterrupt.isSet
    var action = sigaction()
    action.__sigaction_handler.sa_handler = stop
    // No SA_RESTART: whoever waits in poll(2) looks at the flag at once.
    sigaction(SIGINT, &action, nil)
    sigaction(SIGTERM, &action, nil)
    // Writing to a closed pipe or socket is then an error of write(2) and not a signal.
    signal(SIGPIPE, SIG_IGN)
}

/// Async-signal-safe: a lock-free flag and _exit(2).
private func stop(_ signal: Int32) {
    if signal == SIGINT, processInterrupt.isSet { _exit(ExitCode.interrupted.rawValue) }
    processInterrupt.set()
}

/// A standard descriptor that was closed would be taken by the next file or connection: what is printed would go there.
/// Reading from it, or writing to it, still fails (EBADF).
func occupyStandardDescriptors() {
    for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) == -1 {
        _ = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
    }
}
