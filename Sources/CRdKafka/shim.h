// librdkafka's C interface for the Kafka target, its only importer, and the variadic calls Swift cannot make.
#pragma once
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

// rd_kafka_producev for one message with up to two headers. A null pointer means: no key, no such header.
// Without RD_KAFKA_MSG_F_COPY and _F_FREE: the value stays the caller's until its delivery report.
static inline rd_kafka_resp_err_t crdkafka_produce(
    rd_kafka_t *rk, rd_kafka_topic_t *rkt, int32_t partition,
    const void *key, size_t key_size, const void *value, size_t value_size,
    const char *name, const void *header, size_t header_size,
    const char *name2, const void *header2, size_t header2_size, void *opaque) {
    if (!header)
        return rd_kafka_producev(
            rk, RD_KAFKA_V_RKT(rkt), RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_KEY(key, key_size),
            RD_KAFKA_V_VALUE((void *)value, value_size), RD_KAFKA_V_OPAQUE(opaque), RD_KAFKA_V_END);
    if (!header2)
        return rd_kafka_producev(
            rk, RD_KAFKA_V_RKT(rkt), RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_KEY(key, key_size),
            RD_KAFKA_V_VALUE((void *)value, value_size), RD_KAFKA_V_HEADER(name, header, header_size),
            RD_KAFKA_V_OPAQUE(opaque), RD_KAFKA_V_END);
    return rd_kafka_producev(
        rk, RD_KAFKA_V_RKT(rkt), RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_KEY(key, key_size),
        RD_KAFKA_V_VALUE((void *)value, value_size), RD_KAFKA_V_HEADER(name, header, header_size),
        RD_KAFKA_V_HEADER(name2, header2, header2_size), RD_KAFKA_V_OPAQUE(opaque), RD_KAFKA_V_END);
}
