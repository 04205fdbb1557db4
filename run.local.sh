#!/usr/bin/env bash
# userload on this machine, for a newcomer: installs what is missing, builds, starts a Kafka and a Postgres on
# loopback with their data under .local/, loads samples/users.csv and shows status and stats.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
state=$root/.local
build=(swift build -c release --product userload)
binaries=$root/.build/release

usage() {
    cat <<'END'
./run.local.sh [COMMAND]

  (none)   install what is missing, build, start the servers, load samples/users.csv, show status and stats
  test     build and run the whole test suite; what follows goes to `swift test`: ./run.local.sh test --filter Records
  env      print what a shell needs to use these servers: eval "$(./run.local.sh env)"
  stop     stop what this script started; the data stays
  clean    stop, and remove .local/ with all data
  help     this text

Servers, in this order; none outside loopback is ever touched:
  Kafka      KAFKA_BROKER, if set; a Kafka of its own from KAFKA_HOME (an Apache distribution, 3.7 or newer), if set;
             else `userload dev-broker`, a broker in memory that forgets everything when it stops
  Postgres   DATABASE_URL or DB_HOST, if set; else a cluster of its own under .local/
END
}

say() { printf '%s\n' "run.local.sh: $*" >&2; }
die() { say "$*"; exit 1; }

# ---- packages ----------------------------------------------------------------------------------------------------

# Prints the Debian packages that a purpose (build, postgres, java, test) still lacks.
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
                ;;
        esac
    done
}

# Installs what the purposes lack, and says what; without the right to, prints the command and ends.
install_missing() {
    local -a packages
    mapfile -t packages < <(missing_packages "$@")
    ((${#packages[@]})) || return 0
    command -v apt-get >/dev/null || die "missing, and this is no Debian: ${packages[*]}"
    if ((EUID)); then
        say "missing: ${packages[*]}. Install them and come back:"
        printf '    sudo apt-get update && sudo apt-get install --yes %s\n' "${packages[*]}" >&2
        exit 1
    fi
    say "installing: ${packages[*]}"
    apt-get update --quiet=2 >&2
    DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet=2 --no-install-recommends "${packages[@]}" >&2
}

# The folder of initdb and postgres: Debian keeps them out of PATH, one folder a version.
postgres_bin() {
    local folder
    folder=$(find /usr/lib/postgresql -path '*/bin/initdb' 2>/dev/null | sort -V | tail -n 1)
    [[ $folder ]] || folder=$(command -v initdb) || return 1
    dirname "$(readlink -f "$folder")"
}

need_swift() {
    command -v swift >/dev/null || die "no swift in PATH; 6.2 or newer is on https://www.swift.org/install/linux/"
}

# ---- processes ---------------------------------------------------------------------------------------------------
# A process is known by pid, start time and boot, so that stop never ends a stranger who got the pid later.

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

# ---- addresses ---------------------------------------------------------------------------------------------------

is_loopback() {
    case $1 in
        localhost | ::1 | '[::1]' | /* | @*) true ;; # a path is a Unix socket
        127.*) [[ $1 =~ ^127\.[0-9]+\.[0-9]+\.[0-9]+$ ]] ;;
        *) false ;;
    esac
}

# Prints HOST PORT for each part of a comma-separated list HOST[:PORT]: split_hosts LIST DEFAULT-PORT
split_hosts() {
    local part host port
    local -a parts
    IFS=, read -r -a parts <<<"$1"
    for part in "${parts[@]}"; do
        part=${part#*://} # a listener's PLAINTEXT:// is accepted by librdkafka
        if [[ $part =~ ^(\[.*\]|[^:]*):([0-9]+)$ ]]; then
            host=${BASH_REMATCH[1]} port=${BASH_REMATCH[2]}
        else
            host=$part port=$2
        fi
        printf '%s %s\n' "$host" "$port"
    done
}

# Prints HOST PORT for each server that a Postgres URL (or keyword=value string) leads libpq to.
url_hosts() {
    local rest authority query hosts
    if [[ $1 != *://* ]]; then
        hosts=$(grep -oE "(^|[[:space:]])host(addr)?[[:space:]]*=[[:space:]]*[^[:space:]]+" <<<"$1" | sed 's/.*=[[:space:]]*//' || true)
    else
        rest=${1#*://} query=
        [[ $rest != *\?* ]] || query=${rest#*\?}
        authority=${rest%%[/?]*}
        hosts=${authority##*@}
        hosts+=$'\n'$(tr '&' '\n' <<<"$query" | sed -nE 's/^host(addr)?=//p')
    fi
    hosts=$(sed '/^$/d; s/%2[fF]/\//g' <<<"$hosts")
    while read -r host; do
        split_hosts "$host" "${PGPORT:-5432}"
    done <<<"${hosts:-/var/run/postgresql}"
}

# Do all HOST PORT lines on stdin name loopback?
all_loopback() {
    local host _
    while read -r host _; do is_loopback "$host" || return 1; done
}

# Does one of the HOST PORT lines on stdin accept a connection?
any_answers() {
    local host port
    while read -r host port; do
        if [[ $host == /* ]]; then
            [[ -S $host/.s.PGSQL.$port ]] && return
        elif answers "${host//[\[\]]/}" "$port"; then
            return
        fi
    done
    return 1
}

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

start_kafka() {
    # After `eval "$(./run.local.sh env)"` the variable names our own broker, which is started again below.
    [[ ${KAFKA_BROKER:-} != "$(cat "$state/kafka.address" 2>/dev/null)" ]] || unset KAFKA_BROKER
    if [[ ${KAFKA_BROKER:-} ]] && ! split_hosts "$KAFKA_BROKER" 9092 | all_loopback; then
        say "KAFKA_BROKER=$KAFKA_BROKER is not on loopback and is ignored: this script touches servers on this machine only"
        unset KAFKA_BROKER
    fi
    if [[ ${KAFKA_BROKER:-} ]]; then
        split_hosts "$KAFKA_BROKER" 9092 | any_answers || die "KAFKA_BROKER=$KAFKA_BROKER does not answer; start it, or unset KAFKA_BROKER"
        say "using the Kafka at $KAFKA_BROKER (KAFKA_BROKER)"
        return
    fi
    if [[ ${KAFKA_CONFIG:-} ]]; then
        say "KAFKA_CONFIG=$KAFKA_CONFIG is ignored: it is not for a broker that this script starts"
        unset KAFKA_CONFIG
    fi
    if [[ ${KAFKA_HOME:-} ]]; then
        start_kafka_home
    else
        start_dev_broker
    fi
    export KAFKA_BROKER
    printf '%s\n' "$KAFKA_BROKER" >"$state/kafka.address"
}

# A broker and controller in one process (KRaft). Of the distribution only bin/ is used; nothing is written below it.
start_kafka_home() {
    local folder=$state/kafka port controller
    [[ -x $KAFKA_HOME/bin/kafka-storage.sh ]] || die "KAFKA_HOME=$KAFKA_HOME has no bin/kafka-storage.sh; it takes an unpacked Apache Kafka, 3.7 or newer"
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
    # Apache's scripts write their own logs to LOG_DIR, which would else be below KAFKA_HOME.
    export LOG_DIR=$folder/logs KAFKA_HEAP_OPTS=${KAFKA_HEAP_OPTS:--Xms256m -Xmx512m}
    if [[ ! -e $folder/data/meta.properties ]]; then
        local id
        id=$(head -c 16 /dev/urandom | base64 | tr '+/' 'AB') # 22 characters of base64, as Kafka wants; no leading dash
        "$KAFKA_HOME/bin/kafka-storage.sh" format -t "${id%%=*}" -c "$folder/server.properties" >"$folder/format.log" 2>&1 ||
            { cat "$folder/format.log" >&2; die "kafka-storage.sh format failed"; }
    fi
    say "starting the Kafka of $KAFKA_HOME on 127.0.0.1:$port"
    start kafka "$folder/log" "$KAFKA_HOME/bin/kafka-server-start.sh" "$folder/server.properties"
    await kafka "$folder/log" answers 127.0.0.1 "$port"
    KAFKA_BROKER=127.0.0.1:$port
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
    say "using \`userload dev-broker\` at $KAFKA_BROKER: in memory, it forgets everything when it stops, and keeps little."
    say "for a real Kafka: KAFKA_HOME=/path/to/kafka ./run.local.sh (Apache's download: https://kafka.apache.org/downloads)"
}

# ---- Postgres ----------------------------------------------------------------------------------------------------

start_postgres() {
    if [[ ${DB_HOST:-}:${DB_PORT:-} == "127.0.0.1:$(cat "$state/postgres.port" 2>/dev/null)" && ${DB_USER:-} == userload ]]; then
        unset DB_HOST DB_PORT DB_NAME DB_USER DB_PASSWORD # ours, from `./run.local.sh env`
    fi
    # These would lead libpq elsewhere behind the back of what is checked here.
    local name
    for name in PGSERVICE PGHOSTADDR PGHOST; do
        [[ ! ${!name:-} ]] || say "$name=${!name} is ignored: DATABASE_URL or DB_HOST names the server here"
    done
    unset PGSERVICE PGHOSTADDR PGHOST
    if [[ ${DATABASE_URL:-} ]] && ! url_hosts "$DATABASE_URL" | all_loopback; then
        say "DATABASE_URL does not name a server on loopback and is ignored: this script touches servers on this machine only"
        unset DATABASE_URL
    fi
    if [[ ${DATABASE_URL:-} ]]; then
        url_hosts "$DATABASE_URL" | any_answers || die "the server of DATABASE_URL does not answer; start it, or unset DATABASE_URL"
        say "using the Postgres of DATABASE_URL"
        return
    fi
    unset DATABASE_URL # it would win over DB_HOST
    if [[ ${DB_HOST:-} ]] && ! is_loopback "$DB_HOST"; then
        say "DB_HOST=$DB_HOST is not on loopback and is ignored: this script touches servers on this machine only"
        unset DB_HOST
    fi
    if [[ ${DB_HOST:-} ]]; then
        echo "$DB_HOST ${DB_PORT:-5432}" | any_answers || die "DB_HOST=$DB_HOST, port ${DB_PORT:-5432}, does not answer; start it, or unset DB_HOST"
        say "using the Postgres at $DB_HOST, port ${DB_PORT:-5432} (DB_HOST)"
        return
    fi
    unset PGPORT PGDATABASE PGUSER PGPASSWORD PGPASSFILE
    start_own_postgres
}

# initdb and postgres refuse root: then all of the cluster is the user postgres's, and so is the command.
as_owner() {
    if ((EUID)); then "$@"; else setpriv --reuid=postgres --regid=postgres --init-groups "$@"; fi
}

start_own_postgres() {
    local bin port folder
    bin=$(postgres_bin)
    folder=$(postgres_folder)
    DB_HOST=127.0.0.1 DB_NAME=userload DB_USER=userload DB_PASSWORD=
    if running postgres >/dev/null; then
        DB_PORT=$(<"$state/postgres.port")
        say "using the Postgres at 127.0.0.1:$DB_PORT, running already"
    else
        if ! as_owner test -e "$folder/data/PG_VERSION"; then
            say "making a Postgres cluster in $folder"
            head -c 24 /dev/urandom | base64 | tr '+/' 'AB' | (umask 077; as_owner tee "$folder/password" >/dev/null)
            as_owner "$bin/initdb" -D "$folder/data" -U userload -E UTF8 --locale=C.UTF-8 --auth=scram-sha-256 \
                --pwfile="$folder/password" >"$state/initdb.log" 2>&1 || { cat "$state/initdb.log" >&2; die "initdb failed"; }
        fi
        port=$(free_port "$state/postgres.port")
        DB_PORT=$port
        say "starting Postgres on 127.0.0.1:$port"
        # No Unix socket: its path may be longer than the 107 bytes that one may have.
        local -a server=("$bin/postgres" -D "$folder/data" -p "$port" -c listen_addresses=127.0.0.1 -c unix_socket_directories=)
        ((EUID)) || server=(setpriv --reuid=postgres --regid=postgres --init-groups "${server[@]}")
        cd / # postgres looks at its working directory, which its user may not be allowed to see
        start postgres "$state/postgres.log" "${server[@]}"
        cd "$root"
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

# Prints the folder of our cluster: .local/postgres, or, where the user postgres cannot get there, one that it can.
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

# ---- commands ----------------------------------------------------------------------------------------------------

quoted() { printf "'%s'" "${1//\'/\'\\\'\'}"; }

# Keeps what a shell must set and unset to reach the servers in use, for `env`.
write_environment() {
    local name
    (
        umask 077
        {
            for name in KAFKA_CONFIG DATABASE_URL PGSERVICE PGHOSTADDR PGHOST PGPORT PGDATABASE PGUSER PGPASSWORD PGPASSFILE; do
                [[ ${!name:-} ]] || echo "unset $name"
            done
            for name in KAFKA_BROKER KAFKA_CONFIG DATABASE_URL DB_HOST DB_PORT DB_NAME DB_USER DB_PASSWORD USERLOAD_STATE_DIR; do
                [[ ! ${!name:-} ]] || printf 'export %s=%s\n' "$name" "$(quoted "${!name}")"
            done
            # shellcheck disable=SC2016 # for the shell that evaluates it
            printf 'case ":$PATH:" in *:%s:*) ;; *) export PATH=%s:"$PATH" ;; esac\n' "$(quoted "$binaries")" "$(quoted "$binaries")"
        } >"$state/environment"
    )
}

demo() {
    local code=0
    local -a purposes=(build)
    [[ ${DATABASE_URL:-}${DB_HOST:-} ]] || purposes+=(postgres)
    [[ ! ${KAFKA_HOME:-} || ${KAFKA_BROKER:-} ]] || purposes+=(java)
    need_swift
    install_missing "${purposes[@]}"
    say "building userload"
    "${build[@]}" >&2
    start_kafka
    start_postgres
    export USERLOAD_STATE_DIR=${USERLOAD_STATE_DIR:-$state/journal}
    write_environment

    printf '\n$ userload load samples/users.csv\n'
    "$binaries/userload" load samples/users.csv || code=$?
    ((code <= 1)) || die "userload load ended with exit code $code"
    printf '\n$ userload status samples/users.csv\n'
    "$binaries/userload" status samples/users.csv
    printf '\n$ userload stats\n'
    "$binaries/userload" stats
    cat <<'END'

What to type next:
    eval "$(./run.local.sh env)"
    userload load my.csv
    userload stats
END
}

run_tests() {
    if [[ ! ${KAFKA_HOME:-} && -x $root/../shared/kafka/bin/kafka-server-start.sh ]]; then
        KAFKA_HOME=$(cd "$root/../shared/kafka" && pwd)
        export KAFKA_HOME
    fi
    local -a purposes=(build postgres test)
    if [[ ${KAFKA_HOME:-} ]]; then
        purposes+=(java)
    else
        say "KAFKA_HOME is not set: tests that need a real Kafka are skipped"
    fi
    need_swift
    install_missing "${purposes[@]}"
    exec swift test --disable-xctest "$@" # all tests are Swift Testing's
}

print_environment() {
    [[ -e $state/environment ]] || die "nothing is set up yet: run ./run.local.sh first"
    local name
    for name in kafka dev-broker postgres; do
        [[ ! -e $state/$name.pid ]] || running "$name" >/dev/null || say "$name no longer runs: ./run.local.sh starts it again"
    done
    cat "$state/environment"
}

clean() {
    stop_all
    local cluster
    cluster=$(readlink -f "$state/postgres" 2>/dev/null || true)
    [[ ! -L $state/postgres ]] || rm -rf "$cluster"
    rm -rf "$state"
    say "removed .local/. A shell that took its environment: unset KAFKA_BROKER DB_HOST DB_PORT DB_NAME DB_USER DB_PASSWORD USERLOAD_STATE_DIR"
}

main() {
    local command=${1:-demo}
    (($# == 0)) || shift
    cd "$root"
    case $command in
        demo | stop | clean)
            mkdir -p "$state"
            exec 9>"$state/lock" # one at a time
            flock 9
            ;;
    esac
    case $command in
        demo) demo ;;
        test) run_tests "$@" ;;
        env) print_environment ;;
        stop) stop_all ;;
        clean) clean ;;
        help | -h | --help) usage ;;
        *)
            usage >&2
            exit 2
            ;;
    esac
}

# .ci/run takes only the functions.
[[ ${BASH_SOURCE[0]} != "$0" ]] || main "$@"
