// What a newcomer is told when a server has not answered since the start: it may not be there at all.

/// Told once. One thread.
package final class FirstContact {
    /// A server that is only slow has answered by then.
    static let patience = Duration.seconds(3)

    private var isTold = false

    /// True the first time.
    var isDue: Bool {
        defer { isTold = true }
        return !isTold
    }

    package static func kafka(_ brokers: String) -> String {
        "nothing has answered at \(brokers) yet; KAFKA_BROKER names your brokers. Without a Kafka of your own: "
            + "`userload dev-broker`, or ./run.local.sh in userload's source, which starts all there is to try it"
    }

    package static let postgres =
        "no Postgres has answered yet; DATABASE_URL, or DB_HOST, DB_NAME and DB_USER, name yours. Without one: "
        + "./run.local.sh in userload's source starts one to try it"
}
