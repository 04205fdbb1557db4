# Three brokers, each a controller too, whose topics have three copies of which two must be in step. Sourced after
# Tests/Servers/servers.sh.
# shellcheck shell=bash disable=SC2154 # $state is of servers.sh

# Writes their settings, starts them, and exports KAFKA_BROKERS.
start_brokers() {
    local number id folder voters='' ports=()
    for number in 1 2 3; do
        mkdir -p "$state/broker-$number"
        ports+=("$(free_port "$state/broker-$number/port")")
        voters+="${voters:+,}$number@127.0.0.1:$(free_port "$state/broker-$number/controller-port")"
    done
    id=$(kafka_id)
    for number in 1 2 3; do
        folder=$state/broker-$number
        cat >"$folder/server.properties" <<END_OF_SETTINGS
process.roles=broker,controller
node.id=$number
controller.quorum.voters=$voters
listeners=PLAINTEXT://127.0.0.1:$(<"$folder/port"),CONTROLLER://127.0.0.1:$(<"$folder/controller-port")
advertised.listeners=PLAINTEXT://127.0.0.1:$(<"$folder/port")
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=$folder/data
default.replication.factor=3
min.insync.replicas=2
offsets.topic.num.partitions=1
offsets.topic.replication.factor=3
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=3
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
log.segment.delete.delay.ms=1000
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
replica.lag.time.max.ms=3000
leader.imbalance.check.interval.seconds=2
leader.imbalance.per.broker.percentage=0
END_OF_SETTINGS
        LOG_DIR=$folder/logs format_kafka "$folder" "$id"
    done
    say "starting three brokers of $KAFKA_HOME"
    for number in 1 2 3; do launch_broker "$number"; done
    for number in 1 2 3; do await_broker "$number"; done
    KAFKA_BROKERS=$(printf ',127.0.0.1:%s' "${ports[@]}")
    KAFKA_BROKERS=${KAFKA_BROKERS:1}
    export KAFKA_BROKERS
}

launch_broker() {
    LOG_DIR=$state/broker-$1/logs KAFKA_HEAP_OPTS=${KAFKA_HEAP_OPTS:--Xms256m -Xmx512m} start "broker-$1" \
        "$state/broker-$1/log" "$KAFKA_HOME/bin/kafka-server-start.sh" "$state/broker-$1/server.properties"
}

await_broker() { await "broker-$1" "$state/broker-$1/log" answers 127.0.0.1 "$(<"$state/broker-$1/port")"; }

stop_brokers() {
    local number
    for number in 1 2 3; do stop "broker-$number" KILL; done
}
