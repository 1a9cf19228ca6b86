# SPDX-License-Identifier: MIT
"""Tasks that wait for what never comes keep their local variables."""

import asyncio

EXPECT = "suspended coroutines of "
loop = asyncio.new_event_loop()
tasks = set()


async def wait_for_answer(number):
    question = ["part %d of question %d" % (i, number) for i in range(10)]
    await asyncio.get_running_loop().create_future()
    return question


async def start(n):
    for number in range(n):
        tasks.add(asyncio.ensure_future(wait_for_answer(number)))
    await asyncio.sleep(0)


async def start_and_cancel(n):
    await start(n)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    tasks.clear()


def leak(n):
    loop.run_until_complete(start(n))


def fixed(n):
    loop.run_until_complete(start_and_cancel(n))
