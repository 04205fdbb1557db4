# Functions that start and stop a Kafka and a Postgres on loopback, shared by run.local.sh, .ci/run and Tests/Benchmarks.
# Sourced by bash under `set -euo pipefail`. Data, logs and pids are kept under $state.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
state=$root/.local
binaries=$root/.build/release

say() { printf '%s\n' "${0##*/}: $*" >&2; }
die() { say "$*"; exit 1; }

# ---- packages ----------------------------------------------------------------------------------------------------

# Prints the Debian packages that a purpose (build, postgres, java, test, clock, lint, image, roots) still lacks.
missing_packages() {
    local purpose
    for purpose in "$@"; do
        case $purpose in
            build)
                command -v pkg-config >/dev/null || echo pkg-config
                pkg-config --exists rdkafka 2>/dev/null || echo librdkafka-dev
                pkg-config --exists libpq 2>/dev/null || echo libpq-dev
                pkg-config --exists libxxhash 2>/dev/null || echo libxxhash-dev
                pkg-config --exists zlib 2>/dev/null || echo zlib1g-dev
                pkg-config --exists libzstd 2>/dev/null || echo libzstd-dev
                [[ -e /usr/include/mimalloc.h ]] || echo libmimalloc-dev
                ;;
            postgres) postgres_bin >/dev/null || echo postgresql ;;
            java) [[ -x ${JAVA_HOME:+$JAVA_HOME/bin/java} ]] || command -v java >/dev/null || echo default-jre-headless ;;
            test)
                command -v kcat >/dev/null || echo kcat
                command -v zstd >/dev/null || echo zstd
                [[ -x /usr/sbin/pgbouncer ]] || echo pgbouncer
                command -v openssl >/dev/null || echo openssl
                ;;
            clock) compgen -G '/usr/lib/*/faketime/libfaketimeMT.so.1' >/dev/null || echo libfaketime ;;
            lint) command -v shellcheck >/dev/null || echo shellcheck ;;
            image) command -v umoci >/dev/null || echo umoci ;;
            roots) command -v debootstrap >/dev/null || echo debootstrap ;;
        esac
    done
}

# Installs what the purposes lack, and says what; without the right to, prints the command and ends.
install_missing() {
    local -a packages
    mapfile -t packages < <(missing_packages "$@")
    ((${#packages[@]})) || return 0
    command -v apt-get >/dev/null || die "missing, and apt-get is not here to install them: ${packages[*]}"
    if ((EUID)); then
        say "missing: ${packages[*]}. Install them and come back:"
        printf '    sudo apt-get update && sudo apt-get install --yes %s\n' "${packages[*]}" >&2
        exit 1
    fi
    say "installing: ${packages[*]}"
    apt-get update --quiet=2 >&2
    DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 install --yes --quiet=2 --no-install-recommends "${packages[@]}" >&2
}

# Puts Prometheus' promtool into $state/tools, out of Debian's package: installing that would start a server. Without it
# the tests of what is for Prometheus are skipped.
get_promtool() {
    command -v promtool >/dev/null && return
    [[ ! -x $state/tools/promtool ]] || return 0
    command -v apt-get >/dev/null || return 0
    mkdir -p "$state/tools"
    say "fetching promtool"
    (
        cd "$state/tools"
        apt-get download --quiet=2 prometheus && dpkg-deb --fsys-tarfile prometheus_*.deb |
            tar -x --strip-components=3 ./usr/bin/promtool
        rm -f prometheus_*.deb
    ) >&2 || say "promtool is not here: tests that need it are skipped"
}

# The folder of initdb and postgres: Debian keeps them out of PATH, in one folder per version.
postgres_bin() {
    local folder
    folder=$(find /usr/lib/postgresql -path '*/bin/initdb' 2>/dev/null | sort -V | tail -n 1)
    [[ $folder ]] || folder=$(command -v initdb) || return 1
    dirname "$(readlink -f "$folder")"
}

need_swift() {
    command -v swift >/dev/null || die "no swift in PATH; 6.3 or newer is on https://www.swift.org/install/linux/"
}

build_userload() {
    say "building userload"
    swift build -c release --product userload >&2
}

# ---- processes ---------------------------------------------------------------------------------------------------
# A process is known by pid, start time and boot, so that `stop` never ends another process that got its pid later.

# Prints the start time of process $1, in clock ticks since boot; fails if there is none or it is a zombie.
start_time() {
    local stat
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
    read -r -a stat <<<"${stat##*) }" # what follows the name, which may hold spaces
    [[ ${stat[0]} != Z ]] && echo "${stat[19]}"
}

# Starts a server in a session of its own, so that Ctrl-C here does not reach it: start NAME LOG COMMAND…
start() {
    local name=$1 log=$2
    shift 2
    setsid "$@" >"$log" 2>&1 </dev/null 9>&- &
    local pid=$!
    printf '%s %s %s\n' "$pid" "$(start_time "$pid" || echo gone)" "$(</proc/sys/kernel/random/boot_id)" >"$state/$name.pid"
}

# Prints the pid of our server NAME; fails if it does not run.
running() {
    local pid started boot
    read -r pid started boot 2>/dev/null <"$state/$1.pid" || return 1
    [[ $boot == "$(</proc/sys/kernel/random/boot_id)" && $(start_time "$pid") == "$started" ]] && echo "$pid"
}

# Stops our server NAME with SIGNAL and waits until it is gone.
stop() {
    local name=$1 signal=$2 pid waited
    if pid=$(running "$name"); then
        kill -s "$signal" "$pid"
        for ((waited = 0; waited < 600; waited++)); do
            running "$name" >/dev/null || break
            sleep 0.1
        done
        running "$name" >/dev/null && die "$name (process $pid) is still there 60 s after SIG$signal"
        say "stopped $name"
    fi
    rm -f "$state/$name.pid"
}

stop_all() {
    stop kafka TERM
    stop dev-broker TERM
    stop postgres INT # its fast shutdown: sessions are ended, the data is written
    rm -f "$state/environment"
}

# Waits up to 60 s until a command succeeds while our server lives: await NAME LOG COMMAND…
await() {
    local name=$1 log=$2 waited
    shift 2
    for ((waited = 0; waited < 600; waited++)); do
        "$@" && return
        running "$name" >/dev/null || break
        sleep 0.1
    done
    tail -n 20 "$log" >&2
    die "$name did not come up; its log is $log"
}

# ---- ports ----------------------------------------------------------------------------------------------------------

# Does HOST PORT accept a connection within 5 s?
# shellcheck disable=SC2016 # for the inner shell
answers() { timeout 5 bash -c 'exec 3<>"/dev/tcp/$1/$2"' _ "$1" "$2" 2>/dev/null; }

# Prints the port kept in file $1 if it is free, else a free one, and keeps it there.
free_port() {
    local port
    port=$(cat "$1" 2>/dev/null || true)
    while [[ ! $port ]] || answers 127.0.0.1 "$port"; do
        port=$((20000 + RANDOM % 10000)) # below the ports that the kernel hands out
    done
    echo "$port" | tee "$1"
}

# ---- Kafka -------------------------------------------------------------------------------------------------------

# Starts our own Kafka, of KAFKA_HOME if that is set, and exports KAFKA_BROKER.
start_kafka() {
    unset KAFKA_BROKER KAFKA_CONFIG KAFKA_TOPIC
    if [[ ${KAFKA_HOME:-} ]]; then
        start_kafka_home
    else
        start_dev_broker
    fi
    export KAFKA_BROKER
}

# A broker and controller in one process (KRaft), with settings of ours that make it quick; if $kafka_far is set, with
# Kafka's defaults in their place and a second listener, its port in kafka/far-port, that tells clients to come by
# port $kafka_far; $kafka_settings are lines for its properties. Of the distribution only bin/ is used; nothing is written below it.
start_kafka_home() {
    local folder=$state/kafka port controller
    [[ -x $KAFKA_HOME/bin/kafka-storage.sh ]] || die "KAFKA_HOME=$KAFKA_HOME has no bin/kafka-storage.sh; set it to the folder of an unpacked Apache Kafka, 3.7 or newer"
    stop dev-broker TERM
    mkdir -p "$folder"
    if running kafka >/dev/null; then
        KAFKA_BROKER=127.0.0.1:$(<"$folder/port")
        say "using the Kafka at $KAFKA_BROKER, running already"
        return
    fi
    port=$(free_port "$folder/port")
    controller=$(free_port "$folder/controller-port")
    cat >"$folder/server.properties" <<END
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$controller
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$controller
advertised.listeners=PLAINTEXT://127.0.0.1:$port
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=$folder/data
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
END
    if [[ ${kafka_far:-} ]]; then
        cat >>"$folder/server.properties" <<END
listeners=PLAINTEXT://127.0.0.1:$port,FAR://127.0.0.1:$(free_port "$folder/far-port"),CONTROLLER://127.0.0.1:$controller
advertised.listeners=PLAINTEXT://127.0.0.1:$port,FAR://127.0.0.1:$kafka_far
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,FAR:PLAINTEXT,CONTROLLER:PLAINTEXT
group.initial.rebalance.delay.ms=3000
offsets.topic.num.partitions=50
END
    fi
    # Of a setting given twice the last one counts.
    [[ ! ${kafka_settings:-} ]] || printf '%s\n' "$kafka_settings" >>"$folder/server.properties"
    # Apache's scripts write their own logs to LOG_DIR, which would else be below KAFKA_HOME.
    export LOG_DIR=$folder/logs KAFKA_HEAP_OPTS=${KAFKA_HEAP_OPTS:--Xms256m -Xmx512m}
    if [[ ! -e $folder/data/meta.properties ]]; then
        format_kafka "$folder" "$(kafka_id)"
    fi
    say "starting the Kafka of $KAFKA_HOME on 127.0.0.1:$port"
    start kafka "$folder/log" "$KAFKA_HOME/bin/kafka-server-start.sh" "$folder/server.properties"
    await kafka "$folder/log" answers 127.0.0.1 "$port"
    KAFKA_BROKER=127.0.0.1:$port
}

# Prints an id for a cluster: 22 characters of base64, as Kafka wants it, without a leading dash.
kafka_id() { head -c 16 /dev/urandom | base64 | tr -d '=' | tr '+/' 'AB'; }

# Makes the storage of the broker whose server.properties are in folder $1, in the cluster $2.
format_kafka() {
    "$KAFKA_HOME/bin/kafka-storage.sh" format -t "$2" -c "$1/server.properties" >"$1/format.log" 2>&1 ||
        { cat "$1/format.log" >&2; die "kafka-storage.sh format failed"; }
}

start_dev_broker() {
    local folder=$state/dev-broker
    stop kafka TERM
    mkdir -p "$folder"
    if ! running dev-broker >/dev/null; then
        # stdout is the bootstrap address, one line, once it is ready.
        : >"$folder/address"
        # shellcheck disable=SC2016 # for the inner shell
        start dev-broker "$folder/log" sh -c 'exec "$1" dev-broker >"$2"' _ "$binaries/userload" "$folder/address"
        await dev-broker "$folder/log" test -s "$folder/address"
    fi
    KAFKA_BROKER=$(<"$folder/address")
    say "using \`userload dev-broker\` at $KAFKA_BROKER: it keeps little, and only until it stops"
    say "for a real Kafka: KAFKA_HOME=/path/to/kafka ./run.local.sh (Apache's download: https://kafka.apache.org/downloads)"
}

# ---- Postgres ----------------------------------------------------------------------------------------------------

# initdb and postgres refuse to run as root: then the cluster belongs to the user postgres, and commands on it run as that user.
as_owner() {
    if ((EUID)); then "$@"; else setpriv --reuid=postgres --regid=postgres --init-groups "$@"; fi
}

# Starts our own Postgres, makes its database, and exports DB_*.
start_postgres() {
    local bin port folder
    unset DATABASE_URL PGSERVICE PGHOSTADDR PGHOST PGPORT PGDATABASE PGUSER PGPASSWORD PGPASSFILE
    bin=$(postgres_bin)
    folder=$(postgres_folder)
    DB_HOST=127.0.0.1 DB_NAME=userload DB_USER=userload DB_PASSWORD=
    if running postgres >/dev/null; then
        DB_PORT=$(<"$state/postgres.port")
        say "using the Postgres at 127.0.0.1:$DB_PORT, running already"
    else
        if ! as_owner test -e "$folder/data/PG_VERSION"; then
            say "creating a Postgres cluster in $folder"
            head -c 24 /dev/urandom | base64 | tr '+/' 'AB' | (umask 077; as_owner tee "$folder/password" >/dev/null)
            as_owner "$bin/initdb" -D "$folder/data" -U userload -E UTF8 --locale=C.UTF-8 --auth=scram-sha-256 \
                --pwfile="$folder/password" >"$state/initdb.log" 2>&1 || { cat "$state/initdb.log" >&2; die "initdb failed"; }
        fi
        port=$(free_port "$state/postgres.port")
        DB_PORT=$port
        say "starting Postgres on 127.0.0.1:$port"
        # No Unix socket: the path of one may have at most 107 bytes.
        local -a server=("$bin/postgres" -D "$folder/data" -p "$port" -c listen_addresses=127.0.0.1 -c unix_socket_directories=)
        ((EUID)) || server=(setpriv --reuid=postgres --regid=postgres --init-groups "${server[@]}")
        cd / # postgres looks at its working directory, which its user may not be able to read
        start postgres "$state/postgres.log" "${server[@]}"
        cd "$root" || exit
        await postgres "$state/postgres.log" "$bin/pg_isready" -q -h 127.0.0.1 -p "$port"
    fi
    DB_PASSWORD=$(as_owner cat "$folder/password")
    export DB_HOST DB_PORT DB_NAME DB_USER DB_PASSWORD
    export PGPASSWORD=$DB_PASSWORD
    if [[ ! $("$bin/psql" -X -h 127.0.0.1 -p "$DB_PORT" -U userload -d postgres -Atc "SELECT 1 FROM pg_database WHERE datname = 'userload'") ]]; then
        "$bin/createdb" -h 127.0.0.1 -p "$DB_PORT" -U userload userload
    fi
    unset PGPASSWORD
}

# Prints the folder of our cluster: .local/postgres, or one under /var/tmp if the user postgres cannot reach that.
postgres_folder() {
    local folder=$state/postgres
    if [[ ! -L $folder && ! -d $folder ]]; then
        mkdir "$folder"
        if ((EUID == 0)) && ! as_owner test -x "$folder"; then
            rmdir "$folder"
            ln -s "$(mktemp -d /var/tmp/userload-postgres.XXXXXX)" "$folder"
            say "the user postgres cannot reach $state: the cluster goes to $(readlink "$folder")"
        fi
        ((EUID)) || chown postgres:postgres "$folder/."
        chmod 700 "$folder/."
    fi
    readlink -f "$folder"
}
