"""The package as pip builds it: from the source tree, with library and compressor inside."""

import glob
import importlib.util
import os
import subprocess
import sys
import unittest

from agent_support import AgentCase, Snap

AGENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, os.pardir, "libsnap",
                     "agents", "cpython")


class Setup(AgentCase):
    def test_build_and_use(self):
        before = sorted(os.listdir(AGENT))
        scratch = os.path.join(self.folder, "scratch")
        os.mkdir(scratch)
        library = os.path.join(self.folder, "lib")
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
        done = subprocess.run([sys.executable, os.path.join(AGENT, "setup.py"), "-q", "build",
                               "--build-lib", library], stdout=subprocess.PIPE, timeout=250,
                              stderr=subprocess.STDOUT, env=dict(environment, TMPDIR=scratch))
        self.assertEqual(done.returncode, 0, done.stdout.decode())
        self.assertEqual(sorted(os.listdir(AGENT)), before)
        self.assertEqual(os.listdir(scratch), [])  # of this build's objects, no other's
        (module,) = glob.glob(os.path.join(library, "heapsnap", "_heapsnap*.so"))
        self.assertTrue(os.path.exists(os.path.join(library, "heapsnap", "py.typed")))
        path = os.path.join(self.folder, "out.snap")
        environment["PYTHONPATH"] = library
        done = subprocess.run([sys.executable, "-c",
                               "import heapsnap, sys; heapsnap.dump(sys.argv[1]); "
                               "print(heapsnap.__file__)", path], stdout=subprocess.PIPE,
                              env=environment, timeout=60)
        self.assertEqual(done.returncode, 0)
        self.assertTrue(done.stdout.decode().startswith(library))
        snap = Snap(path)
        self.assertEqual(snap.status, 0)
        self.assertGreater(len(snap.objects), 5000)
        with open(module, "rb") as file:
            self.assertIn(b"PyInit__heapsnap", file.read())


if __name__ == "__main__":
    if importlib.util.find_spec("setuptools") is None:
        print("skipped: this Python has no setuptools")
        sys.exit(77)
    unittest.main(verbosity=2)
