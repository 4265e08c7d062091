"""The workers, in virtual time: an hour of waiting passes at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from colonnade.cluster.queue import Queue
from colonnade.cluster.schedule import Again, Priority
from tests.unit.cluster.virtual import run


def now() -> float:
    return asyncio.get_running_loop().time()


def queue(work: Callable[[str], Awaitable[Again]], workers: int = 2) -> Queue[str]:
    return Queue(work, workers, chance=lambda: 0.5)


def test_no_more_keys_are_worked_on_than_there_are_workers() -> None:
    busy, most = set[str](), 0

    async def work(key: str) -> Again:
        nonlocal most
        busy.add(key)
        most = max(most, len(busy))
        await asyncio.sleep(10)
        busy.discard(key)
        return Again()

    async def main() -> None:
        q = queue(work, workers=3)
        for key in "abcdefgh":
            q.add(key)
        q.start()
        await asyncio.sleep(100)

    run(main())
    assert most == 3


def test_one_key_is_never_worked_on_twice_at_once_and_others_go_on() -> None:
    begun: list[tuple[float, str]] = []

    async def work(key: str) -> Again:
        begun.append((now(), key))
        await asyncio.sleep(10 if key == "slow" else 1)
        return Again()

    async def main() -> None:
        q = queue(work)
        q.add("slow")
        q.start()
        await asyncio.sleep(1)
        q.add("slow")
        q.add("quick")
        await asyncio.sleep(30)

    run(main())
    assert begun == [(0, "slow"), (1, "quick"), (10, "slow")]


def test_a_pass_is_repeated_when_it_asked_for_that() -> None:
    begun: list[float] = []

    async def work(key: str) -> Again:
        begun.append(now())
        return Again(300)

    async def main() -> None:
        q = queue(work)
        q.add("a")
        q.start()
        await asyncio.sleep(1000)

    run(main())
    assert begun == [0, 300, 600, 900]


def test_an_error_of_one_pass_is_tried_again_and_stops_no_other() -> None:
    begun: list[tuple[float, str]] = []

    async def work(key: str) -> Again:
        begun.append((now(), key))
        if key == "bad":
            raise RuntimeError("no")
        return Again()

    async def main() -> None:
        q = queue(work)
        q.add("bad")
        q.add("good")
        q.start()
        await asyncio.sleep(3.5)

    run(main())
    assert begun == [(0, "bad"), (0, "good"), (1, "bad"), (3, "bad")]


def test_changes_overtake_resyncs() -> None:
    begun: list[str] = []

    async def work(key: str) -> Again:
        begun.append(key)
        await asyncio.sleep(1)
        return Again()

    async def main() -> None:
        q = queue(work, workers=1)
        for key in "abc":
            q.add(key, Priority.RESYNC)
        q.start()
        await asyncio.sleep(0.5)
        q.add("changed", Priority.CHANGE)
        await asyncio.sleep(10)

    run(main())
    assert begun == ["a", "changed", "b", "c"]


def test_draining_begins_nothing_new_and_waits_for_what_runs() -> None:
    ended: list[str] = []

    async def work(key: str) -> Again:
        await asyncio.sleep(20)
        ended.append(key)
        return Again()

    async def main() -> tuple[bool, float]:
        q = queue(work, workers=1)
        q.add("running")
        q.add("waiting")
        q.start()
        await asyncio.sleep(5)
        return await q.drain(grace=50), now()

    assert run(main()) == (True, 20)
    assert ended == ["running"]


def test_draining_gives_up_when_the_grace_is_over() -> None:
    async def work(key: str) -> Again:
        await asyncio.sleep(1000)
        return Again()

    async def main() -> tuple[bool, float]:
        q = queue(work)
        q.add("a")
        q.start()
        await asyncio.sleep(5)
        return await q.drain(grace=50), now()

    assert run(main()) == (False, 55)


def test_a_queue_that_hands_out_nothing_is_called_stuck() -> None:
    async def work(key: str) -> Again:
        await asyncio.sleep(500)
        return Again()

    async def main() -> list[bool]:
        q = queue(work, workers=1)
        q.add("a")
        q.add("b")
        q.start()
        await asyncio.sleep(400)
        busy = q.stuck
        assert q._dispatcher is not None
        q._dispatcher.cancel()
        await asyncio.sleep(1)
        return [busy, q.stuck]

    assert run(main()) == [False, True]
