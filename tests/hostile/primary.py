"""One server for many zones: each zone is a case, and behaves as it says."""

import asyncio
import socket
import struct
import threading

from behaviours import CLOSE, RESET, Transfer
from lib.proc import free_port
from wire import SOA, Msg, Query, Signer


class Reset(Exception):
    pass


class Primary(asyncio.DatagramProtocol):
    """Runs in a thread of its own; cases are looked up by the zone asked."""

    def __init__(self, cases):
        self.cases = {c.apex: c for c in cases}
        self.port = free_port()
        self.loop = asyncio.new_event_loop()
        started = threading.Event()
        self.thread = threading.Thread(target=self.run, args=(started,),
                                       daemon=True)
        self.thread.start()
        assert started.wait(10)

    def run(self, started):
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(self.loop.create_datagram_endpoint(
            lambda: self, local_addr=("127.0.0.1", self.port)))
        self.loop.run_until_complete(asyncio.start_server(
            self.connection, "127.0.0.1", self.port, backlog=512))
        started.set()
        self.loop.run_forever()
        left = asyncio.all_tasks(self.loop)
        for task in left:
            task.cancel()
        self.loop.run_until_complete(asyncio.gather(
            *left, return_exceptions=True))
        self.loop.close()

    def stop(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)

    # -- SOA over UDP ------------------------------------------------------

    def connection_made(self, transport):
        self.udp = transport

    def datagram_received(self, data, addr):
        wire = self.soa_wire(data)
        if wire:
            self.udp.sendto(wire, addr)

    def soa_wire(self, data):
        """The answer to a SOA question, if it is one of ours."""
        q = Query(data)
        case = self.cases.get(q.qname)
        if case is None or q.qtype != SOA:
            return None
        return self.soa_answer(q, case)

    @staticmethod
    def soa_answer(q, case):
        t = Transfer(q, case)
        m = t.msg([t.soa()])
        signer = case.signer(q)
        if signer is None and q.key_name:
            return Signer(q, q.key_name, b"x").refuse(
                t.msg([], flags=0x8409)).wire
        return signer.sign(m.wire) if signer else m.wire

    # -- transfers ---------------------------------------------------------

    async def connection(self, reader, writer):
        try:
            while True:
                n, = struct.unpack("!H", await reader.readexactly(2))
                q = Query(await reader.readexactly(n))
                case = self.cases[q.qname]
                if q.qtype == SOA:
                    wire = self.soa_answer(q, case)
                    writer.write(struct.pack("!H", len(wire)) + wire)
                    await writer.drain()
                elif not await self.answer(q, case, writer):
                    break
        except (OSError, EOFError):
            pass
        except Reset:
            sock = writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                            struct.pack("ii", 1, 0))
        finally:
            writer.close()

    async def answer(self, q, case, writer):
        """False: the behaviour closes the connection."""
        t = Transfer(q, case)
        signer = case.signer(q)
        case.asked.append((q.qtype, q.edns))
        try:
            return await self.take_steps(case.steps(t), signer, writer)
        except (struct.error, TypeError, IndexError, AssertionError) as e:
            case.broken = f"the behaviour itself is broken: {e!r}"
            raise EOFError from e

    @staticmethod
    async def take_steps(steps, signer, writer):
        for step in steps:
            if step is CLOSE:
                return False
            if step is RESET:
                raise Reset
            if isinstance(step, float):
                await writer.drain()
                await asyncio.sleep(step)
                continue
            if isinstance(step, Msg):
                if signer and step.sign:
                    step.wire = signer.sign(step.wire, **step.how)
                elif signer:
                    signer.skip(step.wire)
                pieces = step.pieces()
            else:
                pieces = [step]
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)  # others have their turn
        return True

