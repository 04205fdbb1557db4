// The words for what a worker tells.

import Kafka
import Log
import Pipeline
import Postgres
import Synchronization
import Testing

@testable import userload

@Suite struct WorkReportTests {
    private func lines(_ event: WorkEvent, isQuiet: Bool = false) -> [String] {
        let lines = Mutex<[String]>([])
        let logger = Logger(level: .warning) { line in lines.withLock { $0.append(line) } }
        let options = WorkOptions(
            kafka: ClientSettings(brokers: "b:9092"), topic: "users", database: DatabaseTarget(settings: .init()))
        WorkReport(options, logger, isQuiet: isQuiet).tell(event)
        return lines.withLock { $0 }
    }

    @Test func aBatchThatIsNeverLoaded() {
        let conflict = WorkEvent.obstacle(.conflict(tries: 5, reason: "not now (SQLSTATE 40001)"))
        #expect(
            lines(conflict) == [
                "warning: Postgres broke off 5 tries of a batch in a row, the last one with: not now (SQLSTATE 40001); trying again"
            ])
        #expect(
            lines(.obstacle(.unmoved(batches: 5, table: "userload.progress"))) == [
                "warning: 5 batches in a row found too few rows to change in userload.progress, and no position had moved: a "
                    + "trigger or a rule of this table may keep changes from being written; trying again"
            ])
        // What does not pass is said once work gives up.
        #expect(lines(conflict, isQuiet: true) == [])
    }
}
