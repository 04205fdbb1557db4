#!/bin/sh
# The rights in Kafka that push and work take, for two users of their own (load needs both), by an administrator. Kafka's
# tools must be in PATH; ADMIN names a properties file for them.
#   BROKER=kafka1:9092 TOPIC=users PUSHER=User:etl-push WORKER=User:etl-work ADMIN=admin.properties samples/kafka-acls.sh
set -eu

acls() { kafka-acls.sh --bootstrap-server "$BROKER" ${ADMIN:+--command-config "$ADMIN"} --add "$@"; }

# push: WRITE sends (and, from Kafka 3.0 on, as an idempotent producer). READ lets it check its journal against the log;
# without, everything is sent again after an interruption. DESCRIBE_CONFIGS lets it refuse a topic that would lose records.
# CREATE is for the first push alone: leave it out where somebody else creates the topic.
acls --allow-principal "$PUSHER" --topic "$TOPIC" \
    --operation Describe --operation DescribeConfigs --operation Read --operation Write --operation Create

# work: reads the topic, as a member of a group that is called userload-DATABASE-TOPIC. `lag` and `doctor` take the same.
acls --allow-principal "$WORKER" --topic "$TOPIC" \
    --operation Describe --operation DescribeConfigs --operation Read
acls --allow-principal "$WORKER" --group userload- --resource-pattern-type prefixed \
    --operation Describe --operation Read
