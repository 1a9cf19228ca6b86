"""A pre-forking server under load: gunicorn with --preload, threads and gc.freeze() before fork."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import threading
import urllib.request

import ask_support
import heap_support
from heap_support import HeapCase

APP = '''
import gc, os, threading
import heapsnap

class ShopConfig:
    def __init__(self, n): self.n = n

class Seen:
    def __init__(self, path): self.path, self.body = path, path * 20

configs = [ShopConfig(n) for n in range(1000)]
registry = []
heapsnap.listen(role="shop")

def app(environ, start_response):
    registry.append(Seen(environ["PATH_INFO"]))
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(os.getpid()).encode()]
'''
SETTINGS = '''
import gc
bind = "127.0.0.1:0"
workers, threads, preload_app = 2, 4, True
def when_ready(server):
    gc.collect()
    gc.freeze()
    with open("address", "w") as file:
        print("%s:%d" % server.LISTENERS[0].sock.getsockname(), file=file)
'''


def gunicorn_folder():
    """Where the system's gunicorn is, which is Python alone and runs under other versions, too."""
    done = subprocess.run(["/usr/bin/python3", "-c",
                           "import gunicorn; print(gunicorn.__path__[0])"],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          universal_newlines=True)
    return done.stdout.strip()


class Gunicorn(HeapCase):
    def provide_gunicorn(self):
        """Put the system's gunicorn, and nothing else of the system, where this Python finds it."""
        folder = gunicorn_folder()
        if not folder:
            self.skipTest("there is no gunicorn (Debian: python3-gunicorn)")
        os.symlink(folder, self.path("gunicorn"))
        # It asks setuptools only for workers that are named as entry points.
        self.write("pkg_resources.py", "")

    def setUp(self):
        super().setUp()
        if not importlib.util.find_spec("gunicorn"):
            self.provide_gunicorn()
        self.write("shop.py", APP)
        self.write("settings.py", SETTINGS)
        self.log = open(self.path("log"), "w")
        self.addCleanup(self.log.close)
        self.server = subprocess.Popen(
            [sys.executable, "-W", "error::DeprecationWarning:shop", "-m", "gunicorn", "-c",
             "settings.py", "shop:app"], cwd=self.directory, stdout=self.log, stderr=self.log,
            start_new_session=True)
        self.addCleanup(self.stop)
        self.address = ask_support.wait_until(self.read_address, "gunicorn's address")

    def read_address(self):
        self.assertIsNone(self.server.poll(), self.read("log"))
        try:
            with open(self.path("address")) as file:
                return file.read().strip()
        except FileNotFoundError:
            return None

    def stop(self):
        self.server.terminate()
        try:
            self.server.wait(20)
        finally:
            try:
                os.killpg(self.server.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.server.wait()

    def get(self, n):
        """Send n requests from four threads; how many each process answered."""
        answers, lock = {}, threading.Lock()

        def work(count):
            for i in range(count):
                with urllib.request.urlopen("http://%s/item%d" % (self.address, i)) as response:
                    pid = int(response.read())
                with lock:
                    answers[pid] = answers.get(pid, 0) + 1
        threads = [threading.Thread(target=work, args=(n // 4,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return answers

    def workers(self):
        _, out, _ = self.heapsnap("ps", "--json")
        rows = [p for p in json.loads(out)["processes"] if p.get("role") == "shop"]
        mine = [p for p in rows if self.server.pid in (p["pid"], p.get("forked_from"))]
        return sorted(p["pid"] for p in mine if p["pid"] != self.server.pid), mine

    def test_workers_and_master(self):
        workers, rows = ask_support.wait_until(
            lambda: (lambda w: w if len(w[0]) == 2 else None)(self.workers()), "two workers")
        self.assertEqual(len(rows), 3)
        self.get(40)
        for pid in workers:
            self.ask(pid, "%d.a.snap" % pid)
        # Captured while it serves: no request fails, and none waits for the walk.
        stop, failures, sent = threading.Event(), [], {}

        def load():
            while not stop.is_set():
                try:
                    for pid, n in self.get(40).items():
                        sent[pid] = sent.get(pid, 0) + n
                except OSError as error:
                    failures.append(error)
        loader = threading.Thread(target=load)
        loader.start()
        ask_support.wait_until(lambda: max(list(sent.values()) or [0]) > 60 or failures, "requests")
        for pid in workers + [self.server.pid]:
            answer = self.ask(pid, "%d.b.snap" % pid)
            self.assertIn(answer["mode"], ("fork", "inline"))
        stop.set()
        loader.join()
        self.assertEqual(failures, [])

        for pid in workers + [self.server.pid]:
            heap = self.load(self.path("%d.b.snap" % pid))
            bit = self.one(heap, "SELECT bit FROM object_flag WHERE name = 'frozen'")
            self.assertEqual(self.count(heap, "ShopConfig", "o.flags & %d" % bit), 1000)
        busiest = max(sent, key=sent.get)
        document = self.diff("%d.a.snap" % busiest, "%d.b.snap" % busiest)
        owner = document["owners"][0]
        self.assertIn("registry", json.dumps(owner["path"]))
        self.assertGreater(owner["count_delta"], 20)
        self.restarted()

    def restarted(self):
        """A worker that is replaced listens, too; the master reaped nobody else's child."""
        workers, _ = self.workers()
        os.kill(workers[0], signal.SIGTERM)

        def replaced():
            now, _ = self.workers()
            return len(now) == 2 and workers[0] not in now and now
        for pid in ask_support.wait_until(replaced, "a new worker"):
            self.ask(pid, "%d.c.snap" % pid)
        text = self.read("log")
        self.assertNotIn("Traceback", text)
        self.assertNotIn("Warning", text)


if __name__ == "__main__":
    heap_support.main()
