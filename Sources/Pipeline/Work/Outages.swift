// Which of the two servers does not answer, and what is told of it.

import Kafka
import Postgres

/// Used by the polling thread only.
struct Outages {
    private(set) var kafka = Outage()
    private(set) var postgres = Outage()
    private var reason = ""
    private var kafkaError: KafkaError?
    private let report: (WorkEvent) -> Void

    init(report: @escaping (WorkEvent) -> Void) { self.report = report }

    var isOn: Bool { kafka.isOn || postgres.isOn }

    /// An error that passes by itself.
    mutating func failed(_ error: any Error) {
        if let error = error as? KafkaError { kafkaIsAway(error) } else { postgresIsAway(sentence(error)) }
    }

    mutating func kafkaIsAway(_ error: KafkaError) {
        kafkaError = error
        reason = error.message
        if let news = kafka.isAway(at: .now) { report(.outage(.kafka, news, reason: reason)) }
    }

    mutating func postgresIsAway(_ reason: String) {
        self.reason = reason
        if let news = postgres.isAway(at: .now) { report(.outage(.postgres, news, reason: reason)) }
    }

    mutating func kafkaAnswered() {
        if let news = kafka.isBack(at: .now) { report(.outage(.kafka, news, reason: "")) }
    }

    mutating func postgresAnswered() {
        if let news = postgres.isBack(at: .now) { report(.outage(.postgres, news, reason: "")) }
    }

    mutating func answered() {
        kafkaAnswered()
        postgresAnswered()
    }

    /// Why a worker gives up after `limit` without progress.
    /// - Parameter otherwise: a reason that lies in neither of the servers.
    func stalled(_ limit: Duration, otherwise: String? = nil) -> PipelineError {
        let seconds = limit.components.seconds
        let consolation = "nothing is lost, the next run resumes"
        if postgres.isOn {
            return .postgres("Postgres does not answer (\(reason)), no progress for \(seconds) s; \(consolation)")
        }
        if kafka.isOn {
            return gaveUp(
                kafkaError, "Kafka does not answer (\(reason)), no progress for \(seconds) s; \(consolation)")
        }
        return .incomplete("no progress for \(seconds) s\(otherwise.map { ": \($0)" } ?? ""); \(consolation)")
    }
}
