# SPDX-License-Identifier: Apache-2.0
"""A small LwM2M server on aiocoap: it registers who comes, and asks what a test wants to know."""
import asyncio

import aiocoap
from aiocoap import resource
from aiocoap.numbers.codes import Code

from ports import free_port

LINK, OPAQUE, SENML_JSON, ETCH_JSON, TLV = 40, 42, 110, 320, 11542


class Registration:
    def __init__(self, endpoint, remote, queries, links):
        self.endpoint, self.remote, self.queries, self.links = endpoint, remote, queries, links
        self.updates = 0


class Rd(resource.Resource):
    def __init__(self, server):
        super().__init__()
        self.server = server

    async def render_post(self, request):
        return self.server.register(request)


class Registered(resource.Resource, resource.PathCapable):
    """What lies below /rd."""

    def __init__(self, server):
        super().__init__()
        self.server = server

    async def render_post(self, request):
        return self.server.update(request)

    async def render_delete(self, request):
        return self.server.deregister(request)


class Dp(resource.Resource):
    def __init__(self, server):
        super().__init__()
        self.server = server

    async def render_post(self, request):
        self.server.sent.append((request.remote, request.opt.content_format, request.payload))
        return aiocoap.Message(code=Code.CHANGED)


class Blob(resource.Resource):
    """A package, for devices that pull it."""

    def __init__(self, data):
        super().__init__()
        self.data = data

    async def render_get(self, request):
        return aiocoap.Message(payload=self.data, content_format=OPAQUE)


class Server:
    def __init__(self):
        self.registrations = {}
        self.profiles = None  # {profile id: links}; None: it knows of none and ignores them
        self.history = []
        self.sent = []
        self.changed = asyncio.Event()

    async def start(self, package=b"", transport="udp6"):
        site = resource.Site()
        site.add_resource(["rd"], Rd(self))
        site.add_resource(["rd"], Registered(self))
        site.add_resource(["dp"], Dp(self))
        site.add_resource(["fw"], Blob(package))
        tcp, self.port = transport == "tcpserver", free_port()
        self.context = await aiocoap.Context.create_server_context(
            site, bind=("127.0.0.1", self.port), transports=[transport])
        self.uri = f"coap{'+tcp' if tcp else ''}://127.0.0.1:{self.port}"
        return self

    async def stop(self):
        await self.context.shutdown()

    def note(self, what, endpoint):
        self.history.append((what, endpoint))
        self.changed.set()

    def register(self, request):
        queries = dict(q.partition("=")[::2] for q in request.opt.uri_query)
        links = self.links(queries, request.payload.decode())
        if links is None:
            self.note("conflict", queries["ep"])
            return aiocoap.Message(code=Code.CONFLICT)
        location = f"{len(self.history) + 1:x}"
        self.registrations = {k: r for k, r in self.registrations.items()
                              if r.endpoint != queries["ep"]}
        self.registrations[location] = Registration(queries["ep"], request.remote, queries, links)
        self.note("register", queries["ep"])
        answer = aiocoap.Message(code=Code.CREATED)
        answer.opt.location_path = ["rd", location]
        return answer

    def links(self, queries, links):
        """What the device has, from its list or the profile id of one that came before (Core 1.2, 6.2.1)."""
        if self.profiles is None or "pid" not in queries:
            return links
        if links:
            self.profiles[queries["pid"]] = links
        return self.profiles.get(queries["pid"])

    def update(self, request):
        found = self.registrations.get(request.opt.uri_path[0])
        if found is None:
            return aiocoap.Message(code=Code.NOT_FOUND)
        found.updates += 1
        found.remote = request.remote
        if request.payload:
            found.links = request.payload.decode()
        self.note("update", found.endpoint)
        return aiocoap.Message(code=Code.CHANGED)

    def deregister(self, request):
        found = self.registrations.pop(request.opt.uri_path[0], None)
        if found is None:
            return aiocoap.Message(code=Code.NOT_FOUND)
        self.note("deregister", found.endpoint)
        return aiocoap.Message(code=Code.DELETED)

    async def wait(self, condition, seconds=60):
        async def until():
            while not condition():
                self.changed.clear()
                await asyncio.wait([asyncio.ensure_future(self.changed.wait())], timeout=0.1)
        await asyncio.wait_for(until(), seconds)

    def device(self, endpoint):
        return next((r for r in self.registrations.values() if r.endpoint == endpoint), None)

    def message(self, endpoint, code, path, payload=b"", **options):
        m = aiocoap.Message(code=code, payload=payload)
        m.remote = self.device(endpoint).remote
        m.opt.uri_path = tuple(s for s in path.split("/") if s)
        for name, value in options.items():
            setattr(m.opt, name, value)
        return m

    async def ask(self, endpoint, code, path, payload=b"", **options):
        request = self.message(endpoint, code, path, payload, **options)
        return await asyncio.wait_for(self.context.request(request).response, 20)
