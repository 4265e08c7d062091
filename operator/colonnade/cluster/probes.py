"""What the kubelet and Prometheus ask: /healthz, /readyz, /metrics.

They are answered by the loop that everything runs in, so that a loop that hangs answers no more.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from aiohttp import web
from prometheus_client.exposition import choose_encoder

from colonnade.core.errors import InvalidSpec
from colonnade.metrics import REGISTRY

Ask = Callable[[], str]
"""What is wrong, in a few words; nothing where all is well."""


def _answer(ask: Ask) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        wrong = ask()
        return web.Response(text=f"{wrong or 'ok'}\n", status=503 if wrong else 200)

    return handle


async def _metrics(request: web.Request) -> web.Response:
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return web.Response(body=encode(REGISTRY), headers={"Content-Type": content_type})


@asynccontextmanager
async def serve(host: str, probes: int, metrics: int, healthy: Ask, ready: Ask) -> AsyncIterator[None]:
    """Listen on the ports that are not 0; both may be the same."""
    routes: dict[int, list[web.RouteDef]] = {}
    routes.setdefault(probes, []).extend([web.get("/healthz", _answer(healthy)), web.get("/readyz", _answer(ready))])
    routes.setdefault(metrics, []).append(web.get("/metrics", _metrics))
    async with AsyncExitStack() as stack:
        for port in sorted(routes.keys() - {0}):
            await _listen(stack, host, port, routes[port])
        yield


async def _listen(stack: AsyncExitStack, host: str, port: int, routes: list[web.RouteDef]) -> None:
    app = web.Application()
    app.add_routes(routes)
    runner = web.AppRunner(app, access_log=None)
    stack.push_async_callback(runner.cleanup)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        why = os.strerror(error.errno or 0)
        raise InvalidSpec(
            f"{host}:{port} cannot be listened on: {why}; choose another with --probes-port, --metrics-port or --listen"
        ) from error
