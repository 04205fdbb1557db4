// What the worker makes of errors: outages are said and waited out, the rest ends it.

import Kafka
import Log

extension Worker {
    /// What a service says and a command with a worker inside does not.
    func tell(_ sentence: String, _ fields: [(String, String)] = []) {
        log.log(options.isEmbedded ? .debug : .info, sentence, fields)
    }

    func say(_ sentence: String?) {
        if let sentence { log.warning(sentence) }
    }

    func mindPostgresIsBack() { say(postgresOutage.isBack(at: .now)) }
    func mindKafkaIsBack() { say(kafkaOutage.isBack(at: .now)) }

    /// An error of the control thread's work: of either server, fatal or passing.
    func mind(_ error: any Error) {
        switch error {
        case let error as PipelineError: failure = error
        case let error as KafkaError: handle(error, nil)
        default: mindPostgres(error)
        }
    }

    func mindPostgres(_ error: any Error) {
        if let fatal = fatalFailure(error) {
            failure = fatal
        } else {
            say(postgresOutage.isAway(sentence(error), at: .now))
        }
    }

    func handle(_ error: KafkaError, _ partition: Int32?) {
        if let fatal = fatalFailure(error) {
            failure = fatal
        } else if error.code == .autoOffsetReset || error.code == .offsetOutOfRange, let partition {
            if assignment.owns(partition), assignment.next(partition) != nil { reset(loader: loader(of: partition)) }
        } else if ![.maxPollExceeded, .notLeader, .leaderNotAvailable].contains(error.code) {
            say(kafkaOutage.isAway(error.message, at: .now))
        }
    }
}
