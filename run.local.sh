#!/usr/bin/env bash
# userload on this machine, for a newcomer: installs what is missing, builds, starts a Kafka and a Postgres on
# loopback with their data under .local/, loads samples/users.csv and shows status and stats.
set -euo pipefail

# shellcheck source=Tests/Servers/servers.sh
. "$(dirname "${BASH_SOURCE[0]}")/Tests/Servers/servers.sh"

usage() {
    cat <<'END'
./run.local.sh [--use-env | COMMAND]

  (none)     install what is missing, build, start the servers, load samples/users.csv, show status and stats
  --use-env  the same with the servers that the environment names (KAFKA_*, DATABASE_URL, DB_*, PG*): starts none
  test       build and run the whole test suite; what follows goes to `swift test`: ./run.local.sh test --filter Records
  install [PREFIX]
             build for release with the Swift runtime linked in, and install into PREFIX (default /usr/local)
  uninstall [PREFIX]
             remove that again; tables, topics and journals stay
  env        print what a shell needs to use these servers: eval "$(./run.local.sh env)"
  stop       stop what this script started; the data stays
  clean      stop, and remove .local/ with all data
  help       show this text

Without --use-env only servers of its own are used, on loopback:
  Kafka      from KAFKA_HOME, if set (an Apache distribution, 3.7 or newer); else `userload dev-broker`, a broker in
             memory that forgets everything when it stops
  Postgres   Debian's, with a cluster under .local/
END
}

quoted() { printf "'%s'" "${1//\'/\'\\\'\'}"; }

# Keeps what a shell must set and unset to reach the servers in use, for `env`.
write_environment() {
    local name
    (
        umask 077
        {
            echo "unset KAFKA_CONFIG KAFKA_TOPIC DATABASE_URL PGSERVICE PGHOSTADDR PGHOST PGPORT PGDATABASE PGUSER PGPASSWORD PGPASSFILE"
            for name in KAFKA_BROKER DB_HOST DB_PORT DB_NAME DB_USER DB_PASSWORD USERLOAD_STATE_DIR; do
                printf 'export %s=%s\n' "$name" "$(quoted "${!name}")"
            done
            # shellcheck disable=SC2016 # for the shell that evaluates it
            printf 'case ":$PATH:" in *:%s:*) ;; *) export PATH=%s:"$PATH" ;; esac\n' "$(quoted "$binaries")" "$(quoted "$binaries")"
        } >"$state/environment"
    )
}

# Makes KAFKA_HOME absolute.
find_kafka_home() {
    [[ ${KAFKA_HOME:-} ]] || return 0
    [[ -d $KAFKA_HOME ]] || die "KAFKA_HOME=$KAFKA_HOME is not a folder"
    KAFKA_HOME=$(cd "$KAFKA_HOME" && pwd)
    export KAFKA_HOME
}

demo() {
    local -a purposes=(build postgres)
    [[ ! ${KAFKA_HOME:-} ]] || purposes+=(java)
    need_swift
    install_missing "${purposes[@]}"
    build_userload
    start_kafka
    start_postgres
    export USERLOAD_STATE_DIR=$state/journal
    write_environment
    load_sample
    cat <<'END'

What to type next:
    eval "$(./run.local.sh env)"
    userload load my.csv
    userload stats
END
}

demo_elsewhere() {
    need_swift
    install_missing build
    build_userload
    load_sample
}

load_sample() {
    local code=0
    printf '\n$ userload load samples/users.csv\n'
    "$binaries/userload" load samples/users.csv || code=$?
    ((code <= 1)) || die "userload load ended with exit code $code"
    printf '\n$ userload status samples/users.csv\n'
    "$binaries/userload" status samples/users.csv
    printf '\n$ userload stats\n'
    "$binaries/userload" stats
}

run_tests() {
    local -a purposes=(build postgres test)
    if [[ ! ${KAFKA_HOME:-} && -x $root/../shared/kafka/bin/kafka-server-start.sh ]]; then
        KAFKA_HOME=$root/../shared/kafka
        find_kafka_home
    fi
    if [[ ${KAFKA_HOME:-} ]]; then
        purposes+=(java)
    else
        say "KAFKA_HOME is not set: the samples run through the dev-broker, tests that need a real Kafka are skipped"
    fi
    need_swift
    install_missing "${purposes[@]}"
    mkdir -p "$state"
    get_promtool
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
    say "removed .local/; in a shell that took its environment, type: unset KAFKA_BROKER DB_HOST DB_PORT DB_NAME DB_USER DB_PASSWORD USERLOAD_STATE_DIR"
}

main() {
    local command=${1:-demo}
    (($# == 0)) || shift
    case $command in
        # Before cd: they may be relative.
        demo | test) find_kafka_home ;;
        install | uninstall) exec "$root/.ci/package" "$command" "$@" ;;
    esac
    cd "$root"
    case $command in
        demo | --use-env | stop | clean)
            mkdir -p "$state"
            exec 9>"$state/lock" # one at a time
            flock 9
            ;;
    esac
    case $command in
        demo) demo ;;
        --use-env) demo_elsewhere ;;
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

main "$@"
