# SPDX-License-Identifier: MIT
"""Threads and tasks that begin and end."""

import asyncio
import concurrent.futures

pool = concurrent.futures.ThreadPoolExecutor(4)
loop = asyncio.new_event_loop()


async def step(n):
    await asyncio.sleep(0)
    return n


async def gather(n):
    return await asyncio.gather(*[step(n + i) for i in range(5)])


def work(n):
    pool.submit(sum, range(100)).result()
    loop.run_until_complete(gather(n))

VERDICT = "no-growth"
