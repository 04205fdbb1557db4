// Signals: the first SIGINT or SIGTERM asks to stop, a second SIGINT stops at once; SIGALRM is --timeout.

@preconcurrency import Glibc
import Pipeline
import Synchronization

/// Global, as a signal handler has no context.
let processInterrupt = Interrupt()
/// It was the alarm that asked to stop.
let processTimeout = Interrupt()
/// SIGINTs and SIGTERMs so far.
let processSignals = Atomic<Int>(0)
/// The process group of a command of the user's that runs now; 0: none.
let processGroup = Atomic<pid_t>(0)

func installSignalHandlers() {
    // Initialised here: a handler must not be the first to touch a lazy global.
    _ = (processInterrupt.isSet, processTimeout.isSet)
    _ = (processSignals.load(ordering: .relaxed), processGroup.load(ordering: .relaxed))
    var action = sigaction()
    action.__sigaction_handler.sa_handler = stop
    // No SA_RESTART: whoever waits in poll(2) looks at the flag at once.
    sigaction(SIGINT, &action, nil)
    sigaction(SIGTERM, &action, nil)
    sigaction(SIGALRM, &action, nil)
    // Writing to a closed pipe or socket is then an error of write(2) and not a signal.
    signal(SIGPIPE, SIG_IGN)
    // The same for a file that would become larger than it may be.
    signal(SIGXFSZ, SIG_IGN)
}

/// Async-signal-safe: lock-free atomics, kill(2) and _exit(2).
private func stop(_ signal: Int32) {
    if signal == SIGALRM {
        if !processInterrupt.isSet { processTimeout.set() }
        return processInterrupt.set()
    }
    processSignals.add(1, ordering: .relaxed)
    if signal == SIGINT, processInterrupt.isSet {
        let group = processGroup.load(ordering: .relaxed)
        if group > 0 { kill(-group, SIGKILL) }
        _exit(ExitCode.interrupted.rawValue)
    }
    processInterrupt.set()
}

/// Asks to stop after `duration`, whatever the program does then: a write that blocks is broken off, too.
func setAlarm(after duration: Duration) {
    var timer = itimerval()
    timer.it_value.tv_sec = Int(duration.components.seconds)
    setitimer(__itimer_which_t(ITIMER_REAL.rawValue), &timer, nil)
}

/// A standard descriptor that was closed would be taken by the next file or connection: what is printed would go there.
/// Reading from it, or writing to it, still fails (EBADF).
func occupyStandardDescriptors() {
    for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) == -1 {
        _ = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
    }
}
