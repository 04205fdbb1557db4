// A worker's first questions to Kafka, on a line that breaks in the middle of one.

import Kafka
import Pipeline
import Postgres
import Synchronization
import TestSupport
import Testing

@Suite(.waiting, .needsKafka) struct WorkerStartTests {
    /// Metadata (3) and DescribeConfigs (32), which the mock cluster does not answer.
    @Test(arguments: [3, 32] as [Int16])
    func aLineThatBreaksInAQuestionIsWaitedFor(request: Int16) throws {
        let server = try KafkaServer.start(isProxied: true)
        let proxy = try #require(server.proxy)
        let settings = ClientSettings(brokers: server.bootstrapServers)
        try Admin(settings).create(topic: "users", partitions: 2, configuration: [])
        let database = try MigratedDatabase()
        var options = WorkOptions(
            kafka: settings, topic: "users",
            database: DatabaseTarget(settings: .init(parameters: database.database.parameters)))
        options.purpose = .drain
        options.stallTimeout = .seconds(60)
        proxy.cutAtKafkaRequest(request)
        let events = Mutex<[WorkEvent]>([])
        let worker = Worker(options, interrupt: Interrupt()) { event in events.withLock { $0.append(event) } }
        let summary = try worker.run()
        #expect(proxy.cutRequests == 1)
        #expect(summary.counts == WorkCounts())
        #expect(!summary.wasInterrupted)
    }
}
