"""A core for another process: this one keeps off it, with all its threads, until it is given back."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

from local.cores import core_set_apart


def test_all_threads_keep_off_the_core_that_is_set_apart_until_it_is_given_back() -> None:
    before = os.sched_getaffinity(0)
    left = before - {max(before)} if len(before) > 1 else before
    with ThreadPoolExecutor(1) as early, ThreadPoolExecutor(1) as late:
        assert early.submit(os.sched_getaffinity, 0).result() == before
        with core_set_apart() as core:
            assert core == (max(before) if len(before) > 1 else None)
            assert os.sched_getaffinity(0) == left
            assert early.submit(os.sched_getaffinity, 0).result() == left
            assert late.submit(os.sched_getaffinity, 0).result() == left
        assert late.submit(os.sched_getaffinity, 0).result() == before
    assert os.sched_getaffinity(0) == before
