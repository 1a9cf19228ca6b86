#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The plugin for pytest: tests that leak fail with the owner's name, and no others."""

import importlib.util
import os
import re
import subprocess
import sys
import tempfile
import unittest

TOOLS = os.environ.get("SNAP_TOOLS")
SKIPPED = 77

TESTS = '''
import functools, logging, threading, unittest, warnings
import pytest

REGISTRY, BUFFER, calls = [], bytearray(), 0

class Request:
    def __init__(self):
        self.body = b"x" * 100

def handle():
    REGISTRY.append(Request())

@functools.lru_cache(maxsize=None)
def unbounded(n):
    return [n]

@functools.lru_cache(maxsize=4)
def bounded(n):
    return [n] * 100

@pytest.mark.no_leak
def test_registry():
    handle()

@pytest.mark.no_leak(warmup=2, runs=8)
def test_bytes():
    BUFFER.extend(b"x" * 3000)

@pytest.mark.no_leak
def test_cache():
    global calls
    calls += 1
    unbounded(calls)

class TestClass:
    seen = set()

    @pytest.mark.no_leak
    def test_attribute(self):
        self.seen.add(object())

    def test_unmarked(self):
        self.seen.add(object())

class Case(unittest.TestCase):
    kept = []

    def setUp(self):
        self.opened = []

    def tearDown(self):
        self.kept.extend(self.opened)

    @pytest.mark.no_leak
    def test_torn_down(self):
        self.opened.append(Request())

    @pytest.mark.no_leak
    def test_own_clean(self):
        self.opened.append(1)
        self.opened.clear()
        self.mine = getattr(self, "mine", []) + [Request()]

    @pytest.mark.no_leak
    def test_wrong(self):
        self.assertEqual(self.opened, 1)

    @pytest.mark.no_leak
    def test_once(self):
        self.assertEqual(ONCE, [])
        ONCE.append(1)

    @pytest.mark.no_leak
    @unittest.skip("not today")
    def test_skipped(self):
        raise AssertionError

ONCE = []

class AsyncCase(unittest.IsolatedAsyncioTestCase):
    @pytest.mark.no_leak
    async def test_coroutine(self):
        handle()

@pytest.mark.no_leak
def test_clean():
    for _ in range(100):
        Request()

@pytest.mark.no_leak
def test_bounded_clean():
    global calls
    calls += 1
    bounded(calls)

@pytest.mark.no_leak
def test_pytest_clean(caplog, capsys, tmp_path, monkeypatch):
    caplog.set_level(logging.INFO)
    logging.getLogger("app").info("hello %s", "a" * 50)
    warnings.warn("careful")
    print("x" * 1000)
    (tmp_path / "file").write_text("x")
    monkeypatch.setitem(globals(), "other", 1)

@pytest.mark.no_leak
@pytest.mark.parametrize("n", [1, 2])
def test_parameters_clean(n):
    thread = threading.Thread(target=lambda: n)
    thread.start()
    thread.join()

class Store:
    def __init__(self):
        self.sessions = {}

@pytest.fixture(scope="session")
def service():
    return Store()

@pytest.fixture
def client(service):
    yield lambda: service.sessions.setdefault(len(service.sessions), Request())

@pytest.fixture
def seen():
    return []

@pytest.mark.no_leak
def test_session_fixture(client):
    client()

@pytest.mark.no_leak
def test_own_fixture(seen):
    seen.append(Request())

@pytest.mark.no_leak
def test_fixture_clean(client, seen, service, request):
    seen.append(1)
    seen.clear()

@pytest.mark.no_leak
def test_broken():
    assert calls < 0

@pytest.mark.no_leak(laps=3)
def test_wrong_mark():
    pass

@pytest.mark.no_leak(runs=0)
def test_wrong_number():
    pass
'''


class Plugin(unittest.TestCase):
    def run_pytest(self, folder, *options):
        with open(os.path.join(folder, "test_app.py"), "w") as file:
            file.write(TESTS)
        environment = dict(os.environ, PATH=TOOLS + os.pathsep + os.environ["PATH"])
        done = subprocess.run([sys.executable, "-m", "pytest", "-rA", "-p", "no:cacheprovider",
                               "-p", "heapsnap.pytest_plugin", "test_app.py"] + list(options),
                              cwd=folder, env=environment, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=480)
        text = done.stdout.decode()
        results = re.findall(r"^(PASSED|FAILED) test_app.py::(\S+)", text, re.M)
        return {name: result for result, name in results}, text

    def test_marked(self):
        with tempfile.TemporaryDirectory() as folder:
            results, text = self.run_pytest(folder, "--heapsnap-keep", "kept")
            failed = {name for name, result in results.items() if result == "FAILED"}
            self.assertEqual(failed, {"test_registry", "test_bytes", "test_cache",
                                      "TestClass::test_attribute", "test_session_fixture",
                                      "test_own_fixture", "test_broken", "Case::test_torn_down",
                                      "Case::test_wrong", "Case::test_once",
                                      "AsyncCase::test_coroutine",
                                      "test_wrong_mark", "test_wrong_number"}, text)
            self.assertEqual(len(results), 21, text)
            for words in ("test_app.REGISTRY -> list: ", "[*] test_app.Request x 10",
                          "signature: test_app<module>.REGISTRY<list>", "test_app.BUFFER -> ",
                          "test_app.unbounded", ".sessions -> dict: ", "test_app.TestClass.seen -> set: ",
                          "test_app.Case.kept -> list: ", "the test fails when it is run again",
                          "no_leak takes warmup=N and runs=N", "numbers from 1 on, not 0"):
                self.assertIn(words, text)
            kept = sorted(os.listdir(os.path.join(folder, "kept")))
            self.assertEqual(len(kept), 24, kept)
            self.assertIn("test_app.py_test_registry-a.snap", kept)

    def test_all_and_accepted(self):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "known.json"), "w") as file:
                file.write('{"schema": "snap.baseline/1", "accepted": ['
                           '{"signature": "test_app<module>.REGISTRY<list>"}]}')
            with open(os.path.join(folder, "pytest.ini"), "w") as file:
                file.write("[pytest]\nheapsnap_baseline = known.json\nheapsnap_runs = 6\n")
            results, text = self.run_pytest(folder, "--heapsnap", "-k", "registry or unmarked")
            self.assertEqual(results, {"test_registry": "PASSED",
                                       "TestClass::test_unmarked": "FAILED"}, text)
            self.assertIn(" object x 12\n", text)

    def test_no_command(self):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "pytest.ini"), "w") as file:
                file.write("[pytest]\nheapsnap_snapdiff = /nowhere/snapdiff\n")
            results, text = self.run_pytest(folder, "-k", "test_registry")
            self.assertEqual(results, {"test_registry": "FAILED"}, text)
            self.assertIn("no_leak needs the command snapdiff", text)


if __name__ == "__main__":
    if importlib.util.find_spec("pytest") is None or not TOOLS:
        print("skipped: this Python has no pytest, or the tools were not built")
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)
