"""TCP proxies on loopback whose connections can be cut, reset, slowed, stopped in the middle, or robbed of an answer."""
import asyncio
import socket
import struct
import threading

COMMITTED = b"C\x00\x00\x00\x0bCOMMIT\x00"


class Loop:
    """One thread that runs all proxies."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    def call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(10)


class Connection:
    def __init__(self, proxy, client, server):
        self.proxy = proxy
        self.writers = (client[1], server[1])
        self.tasks = [
            asyncio.ensure_future(self.pump(client[0], server[1], False)),
            asyncio.ensure_future(self.pump(server[0], client[1], True)),
        ]

    async def pump(self, reader, writer, is_answer):
        proxy = self.proxy
        tail = b""
        try:
            while data := await reader.read(16384):
                if proxy.rate:
                    await asyncio.sleep(len(data) / proxy.rate)
                if is_answer and proxy.commits_left:
                    tail = tail[1 - len(COMMITTED) :] + data
                    proxy.commits_left = max(0, proxy.commits_left - tail.count(COMMITTED))
                    if not proxy.commits_left:
                        proxy.eaten += 1
                        return self.close(abort=True)
                if proxy.until_stop is not None:
                    part = data[: proxy.until_stop]
                    proxy.until_stop -= len(part)
                    if len(part) < len(data):
                        writer.write(part)
                        proxy.stopped += 1
                        return  # the rest never comes, and nobody closes
                writer.write(data)
                await writer.drain()
            self.close()
        except OSError:
            self.close()

    def close(self, abort=False):
        for writer in self.writers:
            if abort:
                there = writer.get_extra_info("socket")
                if there is not None and there.fileno() >= 0:
                    there.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()
            else:
                writer.close()
        for task in self.tasks:
            if task is not asyncio.current_task(self.proxy.loop.loop):
                task.cancel()
        self.proxy.connections.discard(self)


class Proxy:
    def __init__(self, loop, port, target):
        self.loop, self.port, self.target = loop, port, target
        self.connections = set()
        self.server = None
        self.calm()

    async def listen(self):
        self.server = await asyncio.start_server(self.accept, "127.0.0.1", self.port)
        self.port = self.server.sockets[0].getsockname()[1]

    async def accept(self, reader, writer):
        try:
            server = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            return writer.transport.abort()
        self.connections.add(Connection(self, (reader, writer), server))

    async def _close_all(self, abort):
        count = len(self.connections)
        for connection in list(self.connections):
            connection.close(abort)
        return count

    def cut(self, abort=False):
        """Ends all connections, with FIN or RST; returns how many."""
        return self.loop.call(self._close_all(abort))

    async def _close(self):
        self.server.close()
        self.server = None

    def refuse(self):
        """Nobody listens any more, until it is calm."""
        self.loop.call(self._close())
        self.cut()

    def calm(self):
        """From now on it is only a wire."""
        if self.server is None:
            self.loop.call(self.listen())
        self.rate = None
        self.until_stop = None
        self.commits_left = 0  # the answer to the last of so many COMMITs never comes
        self.eaten = 0
        self.stopped = 0
