// Signals: the first SIGINT or SIGTERM asks to stop, a second SIGINT stops at once.

import Glibc
import Pipeline

/// One for the process: a signal handler cannot be handed anything.
let processInterrupt = Interrupt()

func installSignalHandlers() {
    // Made now: a handler must not be the first to touch a lazy global.
    _ = processInterrupt.isSet
    var action = sigaction()
    action.__sigaction_handler.sa_handler = stop
    // No SA_RESTART: whoever waits in poll(2) looks at the flag at once.
    sigaction(SIGINT, &action, nil)
    sigaction(SIGTERM, &action, nil)
    // A reader that has gone is an error of write(2), for sockets too.
    signal(SIGPIPE, SIG_IGN)
}

/// Async-signal-safe: a lock-free flag and _exit(2).
private func stop(_ signal: Int32) {
    if signal == SIGINT, processInterrupt.isSet { _exit(ExitCode.interrupted.rawValue) }
    processInterrupt.set()
}
