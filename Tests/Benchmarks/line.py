"""A TCP line with a delay: line.py LISTEN TARGET MILLISECONDS forwards 127.0.0.1:LISTEN to 127.0.0.1:TARGET, each byte so
much later, each way. The rate is not limited, and several connections do not hold each other up."""
import asyncio
import socket
import sys


async def forward(reader, writer, delay):
    """Reads on while earlier bytes are under way; at most 64 MiB of them, so that a fast sender is slowed down."""
    loop = asyncio.get_running_loop()
    under_way = asyncio.Queue(maxsize=1024)

    async def deliver():
        while True:
            due, data = await under_way.get()
            await asyncio.sleep(max(0, due - loop.time()))
            if not data:
                writer.close()
                return
            writer.write(data)
            await writer.drain()

    delivery = asyncio.create_task(deliver())
    try:
        while data := await reader.read(65_536):
            await under_way.put((loop.time() + delay, data))
    except ConnectionError:
        pass
    await under_way.put((loop.time() + delay, b""))
    try:
        await delivery
    except ConnectionError:
        pass


async def serve(listen, target, delay):
    async def connected(reader, writer):
        # The connection itself takes a round trip.
        await asyncio.sleep(2 * delay)
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", target)
        except OSError:
            writer.close()
            return
        for end in (writer, far_writer):
            end.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.gather(forward(reader, far_writer, delay), forward(far_reader, writer, delay))

    server = await asyncio.start_server(connected, "127.0.0.1", listen)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]) / 1000))
