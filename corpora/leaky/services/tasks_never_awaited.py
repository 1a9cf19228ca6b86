# SPDX-License-Identifier: MIT
"""Background tasks wait for an event that is never set, and a set keeps them."""

import asyncio

background = set()
loop = asyncio.new_event_loop()


async def poll(n):
    state = {"request": n, "body": "x" * 200}
    await asyncio.Event().wait()
    return state


async def handle(n):
    background.add(asyncio.ensure_future(poll(n)))
    await asyncio.sleep(0)


def work(n):
    loop.run_until_complete(handle(n))

VERDICT = "managed-leak"
OWNER = "tasks_never_awaited.background"
FINDING = "suspended-tasks", "poll"
