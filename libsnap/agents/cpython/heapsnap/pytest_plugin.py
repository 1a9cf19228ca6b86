"""Tests that fail when the code that they call leaks: a plugin for pytest.

    @pytest.mark.no_leak
    def test_request():
        ...

    @pytest.mark.no_leak(warmup=10, runs=50)
    def test_other(): ...

    pytest --heapsnap           # every test, marked or not

A checked test is run ``warmup`` times (the first run is the test as such; if it fails, nothing else
is done), then twice ``runs`` times more, with a snapshot of the heap before, between and after. It
fails where an object that was there before came to hold more in both halves: at least one object more
a run, or 512 bytes. What is a leak of one run in ten is found with more runs. The failure names the
owner, what it holds, and its signature, by which a baseline can accept it::

    pytest --heapsnap --heapsnap-baseline known.json      # written by snapdiff --write-baseline

Fixtures live through all runs: what a test adds to its own fixture counts as leaked, and what it leaves
in pytest (captured log records, for one) does not. Checked are tests that are functions, of asyncio
and the like too, and methods of unittest.TestCase, each time on an instance of its own, with setUp and
tearDown, and with the attributes that fixtures gave to the first one.
Native memory that no object owns is not checked: resident memory is too coarse for a few runs.

Needed is the command ``snapdiff`` on the path, or named by the setting ``heapsnap_snapdiff``.
Settings (pytest.ini, or [tool.pytest.ini_options]): heapsnap_warmup, heapsnap_runs,
heapsnap_baseline, heapsnap_snapdiff, heapsnap_keep (a folder for the snapshots of tests that leak).
"""

import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest

import pytest

import heapsnap

WARMUP, RUNS = 3, 5
#: What an owner must grow by in a run, beside or without objects.
BYTES_A_RUN = 512
OWNERS_TOLD = 5


def pytest_addoption(parser):
    group = parser.getgroup("heapsnap", "memory leaks")
    group.addoption("--heapsnap", action="store_true", default=False,
                    help="check every test for leaks, not only those marked no_leak")
    group.addoption("--heapsnap-baseline", metavar="FILE", default=None,
                    help="owners that are known to grow (snapdiff --write-baseline)")
    group.addoption("--heapsnap-keep", metavar="FOLDER", default=None,
                    help="keep the snapshots of tests that leak in FOLDER")
    parser.addini("heapsnap_warmup", "runs of a test before the first snapshot", default=str(WARMUP))
    parser.addini("heapsnap_runs", "runs of a test between snapshots", default=str(RUNS))
    parser.addini("heapsnap_baseline", "owners that are known to grow", default="")
    parser.addini("heapsnap_snapdiff", "the command snapdiff", default="snapdiff")
    parser.addini("heapsnap_keep", "folder for snapshots of tests that leak", default="")


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "no_leak(warmup=%d, runs=%d): fail when repeated runs of the test leave objects "
        "behind" % (WARMUP, RUNS))


class _Check:
    """How one test is to be checked."""

    def __init__(self, item, mark):
        config = item.config
        given = dict(mark.kwargs) if mark else {}
        self.warmup = given.pop("warmup", None)
        self.runs = given.pop("runs", None)
        if self.warmup is None:
            self.warmup = _number(config, "heapsnap_warmup")
        if self.runs is None:
            self.runs = _number(config, "heapsnap_runs")
        if given or (mark and mark.args):
            _refuse("no_leak takes warmup=N and runs=N")
        for value in self.warmup, self.runs:
            if not isinstance(value, int) or value < 1:
                _refuse("no_leak: warmup and runs are numbers from 1 on, not %r" % (value,))
        self.baseline = config.getoption("heapsnap_baseline") or _file(config, "heapsnap_baseline")
        self.keep = config.getoption("heapsnap_keep") or _file(config, "heapsnap_keep")
        self.command = config.getini("heapsnap_snapdiff")


def _refuse(why):
    pytest.fail(why, pytrace=False)


def _number(config, name):
    text = config.getini(name)
    if not re.fullmatch("[0-9]+", text):
        _refuse("the setting %s is no number: %s" % (name, text))
    return int(text)


def _file(config, name):
    """A setting that names a file, from the folder of the file with the settings on."""
    text = config.getini(name)
    return os.path.join(str(config.rootpath), text) if text else None


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    outcome = yield
    _check_after(pyfuncitem, outcome,
                 lambda: pyfuncitem.ihook.pytest_pyfunc_call(pyfuncitem=pyfuncitem))


@pytest.hookimpl(hookwrapper=True, trylast=True)
def pytest_runtest_call(item):
    outcome = yield
    if not issubclass(getattr(item, "cls", None) or object, unittest.TestCase):
        return  # pytest_pyfunc_call is for it
    if isinstance(_case(item), unittest.TestCase) and not getattr(item, "_excinfo", None):
        _check_after(item, outcome, lambda: _run_case(item))


def _case(item):
    """The instance that pytest ran; its name depends on pytest's version."""
    return getattr(item, "_testcase", None) or getattr(item, "instance", None)


def _run_case(item):
    first = _case(item)
    case = type(first)(first._testMethodName)
    for name, value in vars(first).items():
        vars(case).setdefault(name, value)
    result = unittest.TestResult()
    case(result)
    for _, text in result.errors + result.failures:
        _refuse("no_leak: the test fails when it is run again\n" + text)


def _check_after(item, outcome, again):
    """After a test that passed: again and again, if it is to be checked."""
    mark = item.get_closest_marker("no_leak")
    if outcome.excinfo is not None or getattr(item, "_heapsnap_again", False):
        return
    if mark is None and not item.config.getoption("heapsnap"):
        return
    item._heapsnap_again = True
    try:
        _check(item, _Check(item, mark), again)
    except BaseException as error:  # as if the test itself had raised it
        outcome.force_exception(error) if hasattr(outcome, "force_exception") \
            else _force(outcome, error)
    finally:
        del item._heapsnap_again


def _force(outcome, error):
    """Before pluggy 1.1 an outcome could not be given an exception."""
    outcome._result, outcome._excinfo = None, (type(error), error, error.__traceback__)


def _check(item, check, again):
    folder = tempfile.mkdtemp(prefix="heapsnap-")
    try:
        paths = [os.path.join(folder, name) for name in ("a.snap", "b.snap", "c.snap")]
        runs = [check.warmup - 1, check.runs, check.runs]
        for path, n in zip(paths, runs):
            for _ in range(n):
                again()
            heapsnap.dump(path, mode="inline", gc_collect=True)
        leaks = _leaks(_compare(check, paths), check.runs)
        if leaks:
            if check.keep:
                _keep(item, check, paths)
            pytest.fail(_words(leaks, check), pytrace=False)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _compare(check, paths):
    command = [check.command, "--json", "-q", "--no-cache", "-n", "1000"]
    if check.baseline:
        command += ["--baseline", check.baseline]
    try:
        done = subprocess.run(command + paths, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    except OSError as error:
        _refuse("no_leak needs the command snapdiff (setting heapsnap_snapdiff): %s" % error)
    if done.returncode != 0:
        _refuse(done.stderr.decode("utf-8", "replace").strip())
    return json.loads(done.stdout.decode())


def _leaks(report, runs):
    """The owners that grew in both halves, the largest first."""
    return [owner for owner in report["owners"]
            if owner["kind"] == "owner" and not owner["accepted"]
            and not _is_pytests(owner)
            and all(_grew(step, runs) for step in owner["by_interval"])]


def _grew(step, runs):
    objects = step["came"] - step["went"]
    return step["growth"] > 0 and (objects >= runs or step["growth"] >= runs * BYTES_A_RUN)


def _is_pytests(owner):
    """Whether it hangs in an object of pytest, whose runs are not those of the program. What a fixture
    gave is the program's again: it hangs in a FixtureDef's cached_result or in a test's funcargs."""
    path = owner["path"]
    inside = [i for i, step in enumerate(path)
              if (step["type"] or "").startswith(("_pytest.", "pluggy.", "heapsnap."))]
    if not inside:
        return False
    beyond = path[inside[-1] + 1:]
    return len(beyond) < 2 or beyond[0]["edge"] not in (".cached_result", ".funcargs")


def _size(n):
    return "%d B" % n if n < 2048 else "%.1f KiB" % (n / 1024)


def _words(leaks, check):
    lines = ["leak: something is left behind by every run (%d runs before, then twice %d)"
             % (check.warmup, check.runs)]
    for owner in leaks[:OWNERS_TOLD]:
        lines.append("  %s -> %s: %s" % (owner["name"], owner["type"], ", then ".join(
            "%+d objects, %s" % (step["came"] - step["went"], _size(step["growth"]))
            for step in owner["by_interval"])))
        for held in [h for h in owner["holds"] if h["direct_delta"] > 0][:3]:
            lines.append("    %s %s x %d" % (held["edge"], held["type"], held["direct_delta"]))
        for site in owner["sites"][:1]:
            lines.append("    allocated at %s" % site["stack"])
        lines.append("    signature: %s" % owner["signature"])
    if len(leaks) > OWNERS_TOLD:
        lines.append("  and %d more owners" % (len(leaks) - OWNERS_TOLD))
    return "\n".join(lines)


def _keep(item, check, paths):
    name = re.sub(r"[^A-Za-z0-9_.-]+", "_", item.nodeid)[-150:]
    os.makedirs(check.keep, exist_ok=True)
    for path in paths:
        shutil.copy(path, os.path.join(check.keep, "%s-%s" % (name, os.path.basename(path))))
