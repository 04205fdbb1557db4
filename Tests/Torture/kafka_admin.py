"""What an administrator does to topics, in Kafka's own protocol: its tools each start a Java of their own."""
import socket
import struct
import time


def string(text):
    data = text.encode()
    return struct.pack(">h", len(data)) + data


def array(items):
    return struct.pack(">i", len(items)) + b"".join(items)


class Admin:
    """Brokers without encryption; any that lives answers."""

    def __init__(self, ports):
        self.ports = ports

    def ask(self, api, version, body):
        for port in self.ports[:-1]:
            try:
                return self.ask_one(port, api, version, body)
            except OSError:
                pass
        return self.ask_one(self.ports[-1], api, version, body)

    def ask_one(self, port, api, version, body):
        head = struct.pack(">hhi", api, version, 1) + string("torture")
        with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
            connection.sendall(struct.pack(">i", len(head + body)) + head + body)
            size = struct.unpack(">i", self.read(connection, 4))[0]
            return self.read(connection, size)[4:]

    @staticmethod
    def read(connection, count):
        data = b""
        while len(data) < count:
            part = connection.recv(count - len(data))
            if not part:
                raise OSError("the broker closed the connection")
            data += part
        return data

    def partitions(self, topic):
        """How many; 0: there is no such topic."""
        return len(self.copies(topic))

    def copies(self, topic):
        """By partition: its leader, and the brokers that are in step. Metadata, version 4: the first that need not create
        the topic."""
        answer = self.ask(3, 4, array([string(topic)]) + struct.pack(">?", False))
        at = 4

        def number(form):
            nonlocal at
            value = struct.unpack_from(form, answer, at)[0]
            at += struct.calcsize(form)
            return value

        def pass_string():
            nonlocal at
            length = number(">h")
            at += max(0, length)

        for _ in range(number(">i")):
            number(">i")
            pass_string()
            number(">i")
            pass_string()
        pass_string()  # the cluster
        number(">i")  # its controller
        number(">i")
        if number(">h"):
            return {}
        pass_string()
        number(">?")
        found = {}
        for _ in range(number(">i")):
            number(">h")
            partition, leader = number(">i"), number(">i")
            [number(">i") for _ in range(number(">i"))]
            found[partition] = (leader, [number(">i") for _ in range(number(">i"))])
        return found

    def create(self, topic, partitions):
        """CreateTopics, version 2; with what userload asks of a topic."""
        settings = array([string("max.message.bytes") + string("1064960")])
        body = array([string(topic) + struct.pack(">ih", partitions, 1) + array([]) + settings])
        self.ask(19, 2, body + struct.pack(">i?", 10_000, False))
        self.await_partitions(topic, partitions)

    def delete(self, topic):
        """DeleteTopics, version 1; returns when nobody sees the topic any more."""
        self.ask(20, 1, array([string(topic)]) + struct.pack(">i", 10_000))
        self.await_partitions(topic, 0)

    def add_partitions(self, topic, count):
        """CreatePartitions, version 0."""
        self.ask(37, 0, array([string(topic) + struct.pack(">i", count) + struct.pack(">i", -1)])
                 + struct.pack(">i?", 10_000, False))  # fmt: skip
        self.await_partitions(topic, count)

    def delete_records(self, topic, offsets):
        """DeleteRecords, version 0: everything below the offset, by partition; −1: all there is."""
        places = array([struct.pack(">iq", partition, offset) for partition, offset in offsets.items()])
        self.ask(21, 0, array([string(topic) + places]) + struct.pack(">i", 10_000))

    def await_partitions(self, topic, count):
        limit = time.monotonic() + 20
        while self.partitions(topic) != count:
            if time.monotonic() > limit:
                raise OSError(f"{topic} has not {count} partitions after 20 s")
            time.sleep(0.05)
