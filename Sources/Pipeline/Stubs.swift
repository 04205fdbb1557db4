import Records
package import Postgres
package struct Progress: Equatable, Sendable { package var last: Int64 = -1; package var passedOver: Int64 = -1; package var digest: UInt64 = 0; package var ended = false; package var exists = false
 package init(last: Int64 = -1, passedOver: Int64 = -1, digest: UInt64 = 0, ended: Bool = false, exists: Bool = false) { self.last = last; self.passedOver = passedOver; self.digest = digest; self.ended = ended; self.exists = exists } }
package struct Anchor: Equatable, Sendable { package var offset: Int64; package var hash: UInt64; package init(offset: Int64, hash: UInt64) { self.offset = offset; self.hash = hash } }
package struct Position: Equatable, Sendable { package var partition: Int32; package var generation: Int32; package var nextOffset: Int64; package var anchor: Anchor? }
package struct DatabaseTarget: Sendable { package var settings: DatabaseSettings }
package struct DatabaseInfo: Sendable { var keyFields: KeyFields; var identity: String; static func load(_ c: Connection) throws -> DatabaseInfo { fatalError() } }
struct Migrator { struct R { var sentences: [String] }; static func migrate(_ c: Connection, _ t: DatabaseTarget) throws -> R { fatalError() } }
final class Store { init(_ c: Connection, _ i: DatabaseInfo, cluster: String, topic: String) {}
 func positions(_ p: [Int32]) throws -> [Position] { [] }
 func progress(job: JobID, partition: Int32) throws -> Progress { Progress() }
 func newGeneration(partition: Int32, expected: Position) throws -> Position? { nil }
 func moveAnchor(partition: Int32, expected: Position, anchor: Anchor) throws -> Bool { true } }
package final class Batch { 
 struct PartitionStep { var partition: Int32; var generation: Int32; var expectedOffset: Int64; var nextOffset: Int64; var anchor: Anchor? }
 struct ProgressStep { var job: JobID; var partition: Int32; var isNew: Bool; var expectedLast: Int64; var last: Int64 = 0; var digest: UInt64 = 0; var passedOver: Int64 = -1; var records = 0; var bytes: Int64 = 0; var end: EndMarker?; var broken = false; var inserted = 0; var duplicates = 0; var rejected = 0
  init(job: JobID, partition: Int32, isNew: Bool, expectedLast: Int64) { self.job = job; self.partition = partition; self.isNew = isNew; self.expectedLast = expectedLast } }
 enum RejectForm { case raw, truncated, json }
 var partitions: [PartitionStep] = []; var progress: [ProgressStep] = []; var starts: [StartMarker] = []; var newerJobs: [(JobID, UInt8)] = []
 var rowCount = 0; var byteCount = 0
 func addRow(person: Person, key: Bytes, progressIndex: Int, seq: Int64, line: Int64, byteOffset: Int64, length: Int64, kafkaOffset: Int64, kafkaTime: Int64, wire: Bytes) {}
 func addReject(progressIndex: Int, seq: Int64, line: Int64, byteOffset: Int64, length: Int64, form: RejectForm, bytes: Bytes, errors: Bytes, kafkaOffset: Int64, kafkaTime: Int64) {}
 func reset() {} }
enum LoadOutcome { case committed, lostSwap, schemaChanged, retry(PostgresError), fatal(Failure), refused(Failure) }
package final class Loader { init(target: DatabaseTarget, info: DatabaseInfo, cluster: String, topic: String, maxRefused: Int, interrupt: @escaping @Sendable () -> Bool) {}
 func load(_ b: Batch) -> LoadOutcome { .committed }
 func close() {} }
struct JobStatus: Sendable { enum State { case completed, inconsistent, processing }; var id: JobID; var slug: String; var state: State; var countsSentence: String }
enum Jobs { static func statuses(of: [JobID], on: Connection) throws -> [JobStatus] { [] } }
func fatalFailure(_ e: any Error) -> Failure? { nil }
func sentence(_ e: any Error) -> String { "\(e)" }
extension Connection { var place: String { "" } }
