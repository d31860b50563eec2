# SPDX-License-Identifier: Apache-2.0
"""aiocoap with the resources and the command line of our driver (see server.c and client.c)."""
import asyncio
import hashlib
import json
import pathlib
import sys

import aiocoap
import aiocoap.resource

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from ports import free_port  # noqa: E402

LIFETIME = 300


class Hello(aiocoap.resource.Resource):
    async def render_get(self, request):
        return aiocoap.Message(payload=b"hello", content_format=0)


class Echo(aiocoap.resource.Resource):
    async def render_post(self, request):
        return aiocoap.Message(code=aiocoap.CHANGED, payload=request.payload)

    async def render_fetch(self, request):
        return aiocoap.Message(code=aiocoap.CONTENT, payload=request.payload)


class Large(aiocoap.resource.Resource):
    async def render_get(self, request):
        return aiocoap.Message(payload=bytes(i % 251 for i in range(20000)), content_format=0)


class Upload(aiocoap.resource.Resource):
    async def render_put(self, request):
        digest = hashlib.sha256(request.payload).hexdigest()
        return aiocoap.Message(code=aiocoap.CHANGED, payload=digest.encode())


class Time(aiocoap.resource.ObservableResource):
    ticks = 0

    async def run(self):
        while True:
            await asyncio.sleep(0.2)
            self.ticks += 1
            self.updated_state()

    async def render_get(self, request):
        return aiocoap.Message(payload=str(self.ticks).encode(), content_format=0)


class Separate(aiocoap.resource.Resource):
    async def render_get(self, request):
        await asyncio.sleep(0.5)
        return aiocoap.Message(payload=b"late", content_format=0)


async def server():
    site, time = aiocoap.resource.Site(), Time()
    for name, resource in {"hello": Hello(), "echo": Echo(), "large": Large(), "upload": Upload(),
                           "time": time, "separate": Separate()}.items():
        site.add_resource([name], resource)
    ports, contexts = [], []
    for transport in ("simplesocketserver", "tcpserver"):
        port = free_port()
        contexts.append(await aiocoap.Context.create_server_context(
            site, bind=("127.0.0.1", port), transports=[transport]))
        ports.append(port)
    print(*ports, flush=True)
    await asyncio.wait_for(time.run(), LIFETIME)


def show(response):
    print(json.dumps({"code": f"{response.code.class_}.{response.code & 31:02}",
                      "payload": response.payload.hex()}), flush=True)


async def client(carrier, address, method, path, notifications="0"):
    transport, scheme = {"udp": ("simple6", "coap"), "tcp": ("tcpclient", "coap+tcp")}[carrier]
    context = await aiocoap.Context.create_client_context(transports=[transport])
    message = aiocoap.Message(code=getattr(aiocoap, method), uri=f"{scheme}://{address}/{path}",
                              payload=sys.stdin.buffer.read())
    wanted = int(notifications)
    if wanted:
        message.opt.observe = 0
    request = context.request(message)
    show(await request.response)
    if wanted:
        async for notification in request.observation:
            show(notification)
            wanted -= 1
            if wanted == 0:
                break
        request.observation.cancel()
        await asyncio.sleep(0.3)  # the cancellation leaves
    await context.shutdown()


if __name__ == "__main__":
    verb = {"server": server, "client": client}[sys.argv[1]]
    asyncio.run(asyncio.wait_for(verb(*sys.argv[2:]), LIFETIME))
