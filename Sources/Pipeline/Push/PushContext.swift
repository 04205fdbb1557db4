// What a push has in common for all its files.

import Kafka

struct PushContext {
    let settings: ClientSettings
    let topic: Topic
    let options: PushOptions
    let interrupt: Interrupt
    let verifier: Verifier
    let clock: PushClock
    /// nil: no journal can be kept.
    let journal: Journal?
    let againJobs: AgainJobs
    let pathJobs: PathJobs
    var event: (PushEvent) -> Void

    var now: Duration { clock.now }
}
