// The producer of a push: made when it is needed, and kept from one group of files to the next while all goes well.

import Kafka
import Records

/// One thread owns it.
final class KeptProducer {
    private let settings: ClientSettings
    private let topic: String
    private var producer: Producer?
    /// Whose messages it has: reports and problems are for it.
    var sender: JobSender? {
        get { reported?.takeUnretainedValue() }
        set {
            reported?.release()
            reported = newValue.map(Unmanaged.passRetained)
        }
    }
    // Not counted up and down for each report.
    private var reported: Unmanaged<JobSender>?

    init(_ settings: ClientSettings, topic: String) {
        self.settings = settings
        self.topic = topic
    }

    deinit {
        close { [] }
        sender = nil
    }

    /// The one there is, or another one.
    func open() throws -> Producer {
        if let producer { return producer }
        let made = try Producer(
            settings, topic: topic, headerNames: (WireHeader.name, WireHeader.errorsName),
            // Unsafe, but sound: the producer makes no call once it is closed, and it is closed before this is gone.
            problem: { [unowned(unsafe) self] in sender?.noticed($0) },
            report: { [unowned(unsafe) self] report in
                reported?._withUnsafeGuaranteedRef { $0.reported(report) }
            })
        producer = made
        return made
    }

    /// Ends it, if there is one; bounded by about a second.
    /// - Parameter values: what it may still read then; it keeps them.
    func close(_ values: () -> [AnyObject]) {
        guard let ending = producer else { return }
        producer = nil
        guard let closing = ending.close() else { return }
        for value in values() { closing.keep(value) }
    }
}
