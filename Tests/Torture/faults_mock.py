"""Errors that a real broker rarely answers with: librdkafka's mock cluster does, and the first message may be the one."""
import contextlib
import time

import world
from invariants import Breach
from rounds import ends, fault, finish, injected

# Kafka's numbers of requests, and of the errors that each may be answered with.
PRODUCE, FETCH, OFFSETS, METADATA, PRODUCER_ID = 0, 1, 2, 3, 22
RETRIABLE = [3, 5, 6, 7, 13, 19, 20]  # no such topic, no leader, another leader, timed out, network, too few replicas
ERRORS = {
    PRODUCE: [*RETRIABLE, 2, 45, 47, 56, 59],  # corrupt, out of order, epoch, storage, unknown producer
    FETCH: [*RETRIABLE, 56, 74, 76],  # storage, old and unknown leader epochs
    OFFSETS: RETRIABLE,
    METADATA: [5, 7, 13],
    PRODUCER_ID: [7, 14, 15, 16],
}


def errors(lane, requests):
    """What USERLOAD_MOCK_ERRORS has: some requests of these kinds fail, every second time the first."""
    parts = []
    for request in requests:
        # Of a producer's id there is one request.
        codes = [0] * lane.rng.choice([0, 0 if request == PRODUCER_ID else lane.rng.randint(0, 6)])
        codes += [lane.rng.choice([0, lane.rng.choice(ERRORS[request])]) for _ in range(lane.rng.randint(1, 6))]
        codes[-1] = lane.rng.choice(ERRORS[request])
        parts.append(f"{request}:{','.join(map(str, codes))}")
    return " ".join(parts)


@contextlib.contextmanager
def mock(lane, script):
    """A cluster of the lane's own, which answers so; in the end it is gone, with all that it had."""
    lane.move_on()
    broker = lane.userload(
        "dev-broker", "--partitions", str(lane.partitions), environment={"USERLOAD_MOCK_ERRORS": script})
    lane.programs.remove(broker)  # what ends the others must not end it
    lane.tell(f"mock errors: {script}")
    end = time.monotonic() + world.LIMIT
    while not broker.out.endswith("\n"):
        if broker.poll() is not None or time.monotonic() > end:
            raise SystemExit(f"dev-broker: {broker.err}")
        time.sleep(0.01)
    lane.environment["KAFKA_BROKER"] = broker.out.strip()
    try:
        yield
        finish(lane)
    finally:
        broker.kill()
    lane.move_on()


@fault("mock-errors", 8)
def mock_errors(lane):
    """Push and drain on a cluster some of whose answers are transient errors."""
    requests = lane.rng.sample(sorted(ERRORS), lane.rng.randint(1, 3))
    if PRODUCE not in requests and lane.rng.random() < 0.4:
        requests.append(PRODUCE)
    with mock(lane, errors(lane, requests)):
        for _ in range(lane.rng.randint(1, 2)):
            job = lane.job()
            ends(lane, lane.push(job), 0)
            ends(lane, lane.drain(), 0, 1)
            injected(lane, "mock-errors")


@fault("mock-refused", 4)
def mock_refused(lane):
    """A message, the first or a later one, for which the broker says that the user may not write."""
    # A start marker, and what comes behind it, are two requests at least.
    before = lane.rng.choice([0, 0, 1])
    with mock(lane, f"{PRODUCE}:{'0,' * before}29"):
        job = lane.job(lines=400)
        push = lane.push(job)
        ends(lane, push, 8)
        if "Kafka does not let this user write to topic" not in push.err:
            raise Breach("I7", "a sentence on the right to write", push.err)
        injected(lane, "mock-refused")
