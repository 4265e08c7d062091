"""Whether the operator may watch what it has to: a watch that is refused is tried again for ever, and nobody would hear of it.

Asked of the API server itself, which knows every role and binding:
https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Collection

from colonnade.cluster.api import Api, Place
from colonnade.cluster.objects import PLACES

_REVIEW = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_VERBS = ("list", "watch")
_AT_ONCE = 8


async def missing(api: Api, namespaces: Collection[str]) -> str:
    """The rights to look at things that are missing, in words; empty where none is. Raises ApiError."""
    slots = asyncio.Semaphore(_AT_ONCE)

    async def allowed(verb: str, place: Place, namespace: str | None) -> bool:
        asked = {"verb": verb, "group": place.group, "resource": place.plural, "namespace": namespace or ""}
        async with slots:
            answer = await api.request("POST", _REVIEW, body={"spec": {"resourceAttributes": asked}})
        return bool(answer["status"]["allowed"])

    wanted = list(itertools.product(namespaces or (None,), PLACES.values(), _VERBS))
    found = await asyncio.gather(*(allowed(verb, place, namespace) for namespace, place, verb in wanted))
    return _told([one for one, good in zip(wanted, found, strict=True) if not good])


def _told(lacking: list[tuple[str | None, Place, str]]) -> str:
    if not lacking:
        return ""
    named = [
        f"{verb} {place.plural} {f'in namespace {namespace}' if namespace else 'in all namespaces'}"
        for namespace, place, verb in lacking
    ]
    more = f" and {len(named) - 6} more" if len(named) > 6 else ""
    return (
        f"the operator's ServiceAccount may not {', '.join(named[:6])}{more}; apply the chart's roles and bindings anew"
    )
