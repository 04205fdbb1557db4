// The environment variables the program reads, for the manual page and the README's table.

let environmentVariables: [(term: String, text: String)] = [
    ("KAFKA_BROKER", "Brokers, host:port, separated by commas. Default \(Defaults.broker)."),
    ("KAFKA_TOPIC", "The topic. Default `\(Defaults.topic)` with brokers on loopback; must be set with any other."),
    ("KAFKA_CONFIG", "A librdkafka properties file, as for kcat: TLS, SASL. No default."),
    (
        "DB_HOST, DB_PORT, DB_NAME, DB_USER, DB_PASSWORD",
        "The database. Default: what libpq takes for psql, PG*, passfile and service file included."
    ),
    ("DATABASE_URL", "postgresql://…; wins over DB_*, except for a password it does not have. No default."),
    ("USERLOAD_UNIQUE_KEY", "Fields of the unique key: name,age and perhaps email, phoneNumber. Default name,age."),
    (
        "USERLOAD_TABLE",
        "The table that people are loaded into, as schema.table; fixed at the first migration. Default: users in the first schema of the search path."
    ),
    (
        "USERLOAD_STATE_DIR",
        "Where push keeps its journal. Default $STATE_DIRECTORY (systemd), $XDG_STATE_HOME/userload, ~/.local/state/userload."
    ),
]
