// librdkafka's C interface for the Kafka target, its only importer.
#pragma once
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
