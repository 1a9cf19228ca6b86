"""The command `python3 -m heapsnap`: ps, ask and run, their output, files and exit statuses."""

import os
import platform
import re
import signal
import stat
import subprocess
import sys
import unittest
import zipfile

import ask_support
from ask_support import AskCase, wait_until
from heapsnap import _ask

LISTEN = "import heapsnap, os, sys, time; heapsnap.listen(role='r\\u00e9le \\x1b[2J')\n" \
         "print('ready', flush=True)\nsys.stdin.readline()\n"


class Usage(AskCase):
    def check(self, expect, *arguments):
        status, out, err = self.heapsnap(*arguments)
        self.assertEqual(status, expect, err)
        self.assertNotIn("Traceback", err)
        return out, err

    def test_help(self):
        for command in ((), ("ps",), ("ask",), ("run",)):
            out, err = self.check(0, *command, "--help")
            self.assertIn("usage: python3 -m heapsnap", out)
            self.assertEqual(err, "")
        out, _ = self.check(0, "--version")
        self.assertRegex(out, r"^heapsnap \d+\.\d+\.\d+\n$")

    def test_manual_page(self):
        """The page has the options that the help has, command by command."""
        page = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools", "man",
                            "heapsnap.1.scd")
        with open(page) as f:
            sections = re.split(r"^# OPTIONS OF ([A-Z]+)$", f.read(), flags=re.M)
        described = dict(zip(sections[1::2], sections[2::2]))
        for command in ("run", "ps", "ask"):
            out, _ = self.check(0, command, "--help")
            options = set(re.findall(r"^  .*?(--[a-z]+)", out, flags=re.M)) - {"--help"}
            text = described[command.upper()].split("\n# ")[0]
            self.assertEqual(set(re.findall(r"^\*(?:-.\*, \*)?(--[a-z]+)", text, flags=re.M)), options)

    def test_wrong_usage(self):
        for arguments in ((), ("pss",), ("ps", "--jso"), ("ask",), ("ask", "1", "--mode", "x"),
                          ("ask", "1", "--label", "novalue"), ("run",), ("run", "--rol", "x"),
                          ("run", self.path("absent.py")), ("run", "--signal", "TERM", "x.py"),
                          ("run", "--signal", "NONE", "x.py"),
                          ("run", "--signal", "USR1", "--directory", "/proc", "x.py")):
            out, err = self.check(2, *arguments)
            self.assertEqual(out, "")
            self.assertTrue(err)

    def test_ask_who_does_not_listen(self):
        for target in (str(os.getpid()), "999999999", "nonsense", "-1", "0"):
            _, err = self.check(2, "ask", "-o", self.path("a.snap"), "--", target)
            self.assertEqual(err.count("\n"), 1)
        self.assertEqual(os.listdir(self.directory), [])


class Ask(AskCase):
    def setUp(self):
        super().setUp()
        self.child = self.start(LISTEN)
        self.pid = str(self.child.pid)

    def test_output(self):
        out_path = self.path("a.snap")
        status, out, err = self.heapsnap("ask", self.pid, "-o", out_path)
        self.assertEqual(status, 0, err)
        self.assertRegex(out, r"a\.snap: [\d,]+ objects, [\d,]+ references, .*; paused .* in all\n")
        self.assertRegex(err, r"heapsnap: \d+: capturing (fork|inline) \(.*\)")
        status, out, err = self.heapsnap("ask", self.pid, "-o", self.path("b.snap"), "-q")
        self.assertEqual((status, out, err), (0, "", ""))

    def test_modes_are_announced(self):
        for mode in ("inline", "fork"):
            status, out, err = self.heapsnap("ask", self.pid, "-o", self.path(mode), "--mode", mode)
            self.assertEqual(status, 0, err)
            self.assertIn("capturing " + mode, err)

    def test_every_option(self):
        answer = self.ask(self.pid, "a.snap", "--names", "keys", "--values", "--gc", "--label",
                          "service=shop", "--label", "k=", "--reason", "a test", "--mode", "inline")
        self.assertEqual(answer["schema"], "snap.ask/1")
        self.assertEqual(answer["pid"], self.child.pid)
        self.assertEqual(answer["mode"], "inline")
        self.assertEqual(answer["bytes"], os.path.getsize(self.path("a.snap")))

    def test_default_name(self):
        status, _, err = self.heapsnap("ask", self.pid, cwd=self.directory)
        self.assertEqual(status, 0, err)
        self.check_capture(self.path("heapsnap-%s.snap" % self.pid))

    def test_standard_output(self):
        with open(self.path("a.snap"), "wb") as file:
            status = subprocess.call([sys.executable, "-m", "heapsnap", "ask", self.pid, "-q",
                                      "-o", "-"], stdout=file)
        self.assertEqual(status, 0)
        self.check_capture(self.path("a.snap"))
        with open("/dev/full", "wb") as full:
            done = subprocess.run([sys.executable, "-m", "heapsnap", "ask", self.pid, "-q", "-o",
                                   "-"], stdout=full, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertNotIn(b"Traceback", done.stderr)

    def test_closed_outputs(self):
        """The file is made; a line that cannot be written is an error of one line."""
        command = '%s -m heapsnap "$@"' % sys.executable
        for redirect, options, status, said in (
                (">&-", [], 2, ["capturing", "standard output: Bad file descriptor"]),
                (">&-", ["--json"], 2, ["capturing", "standard output: Bad file descriptor"]),
                (">&-", ["-q"], 0, []), (">&- 2>&-", [], 2, []), ("2>&-", [], 0, [])):
            done = subprocess.run(["sh", "-c", command + " " + redirect, "sh", "ask", self.pid, "-o",
                                   self.path("a.snap"), "--force", *options],
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  universal_newlines=True)
            self.assertEqual(done.returncode, status, (redirect, options, done.stderr))
            lines = done.stderr.splitlines()
            self.assertEqual(len(lines), len(said), done.stderr)
            for line, words in zip(lines, said):
                self.assertIn(words, line)
            self.assertEqual(done.stdout.count("\n"), int(redirect == "2>&-"))
            self.check_capture(self.path("a.snap"))
        done = subprocess.run(["sh", "-c", command + " >&-", "sh", "ps"], stderr=subprocess.PIPE)
        self.assertEqual((done.returncode, done.stderr),
                         (2, b"heapsnap: standard output: Bad file descriptor\n"))

    def test_stopped(self):
        """A process that is stopped is called that; it answers once it goes on."""
        self.child.send_signal(signal.SIGSTOP)
        wait_until(lambda: _ask.is_stopped(self.child.pid), "a process to stop")
        _, out, _ = self.heapsnap("ps", "--timeout", "0.3", "--json")
        row = [p for p in self.document(out)["processes"] if p["pid"] == self.child.pid][0]
        self.assertEqual(row["problem"], "no answer: it is stopped, by a signal or a debugger")
        status, _, err = self.heapsnap("ask", self.pid, "-o", self.path("a.snap"), "--timeout",
                                       "0.3")
        self.assertEqual(status, 2)
        self.assertIn("(kill -CONT %s)" % self.pid, err)
        self.assertIn("no answer: it is stopped", err)
        self.child.send_signal(signal.SIGCONT)
        self.ask(self.pid, "b.snap")

    def test_existing_output(self):
        self.write("a.snap", "precious")
        self.assertIn("--force", self.ask(self.pid, "a.snap", expect=2))
        with open(self.path("a.snap")) as file:
            self.assertEqual(file.read(), "precious")
        self.assertEqual(os.listdir(self.directory), ["a.snap"])
        self.ask(self.pid, "a.snap", "--force")

    def test_other_kinds_of_output(self):
        os.mkfifo(self.path("fifo"))
        os.mkdir(self.path("folder"))
        self.write("victim", "precious")
        os.symlink(self.path("victim"), self.path("link"))
        os.symlink(self.path("victim"), self.path("behind.part"))
        device = self.path("null")
        if os.geteuid() == 0:
            os.mknod(device, stat.S_IFCHR | 0o666, os.makedev(1, 3))
        for name in ("fifo", "folder", "link", "null"):
            if os.path.lexists(self.path(name)):
                for force in ((), ("--force",)):
                    self.assertIn("regular file", self.ask(self.pid, name, *force, expect=2))
        self.assertIn("exists", self.ask(self.pid, "behind", expect=2))
        with open(self.path("victim")) as file:
            self.assertEqual(file.read(), "precious")
        if os.geteuid() == 0:
            self.assertTrue(stat.S_ISCHR(os.lstat(device).st_mode))

    def test_unwritable(self):
        for name in ("absent/a.snap", "../" * 40 + "proc/a.snap", "x" * 300):
            message = self.ask(self.pid, name, expect=2)
            self.assertNotIn("Traceback", message)

    def test_interrupted_before(self):
        self.write("a.snap.part", "of another")
        self.assertIn("another capture", self.ask(self.pid, "a.snap", expect=2))
        with open(self.path("a.snap.part")) as file:
            self.assertEqual(file.read(), "of another")

    def test_ps(self):
        status, out, err = self.heapsnap("ps")
        self.assertEqual(status, 0, err)
        self.assertRegex(out, r"(?m)^ *PID +ROLE +RSS +GROWTH +OBJECTS +A CAPTURE NOW$")
        line = [l for l in out.splitlines() if l.split()[0] == self.pid][0]
        self.assertIn("r\u00e9le ?[2J", line)  # no escape sequence reaches the terminal
        self.assertRegex(line, r"[\d.]+ MiB .* [\d,]+ +(fork|inline), pause .* in all$")
        _, out, _ = self.heapsnap("ps", "--json")
        row = [p for p in self.document(out)["processes"] if p["pid"] == self.child.pid][0]
        self.assertGreater(row["rss"], 1 << 20)
        self.assertIn(row["plan"]["mode"], ("fork", "inline"))
        self.assertEqual(row["uid"], os.geteuid())
        self.assertEqual(row["python"], platform.python_version())

    def test_stacks_left_out_are_told(self):
        child = self.start("import tracemalloc; tracemalloc.start()\n" + LISTEN)
        told = sys.version_info < (3, 12)
        for mode, sites in (("inline", True), ("fork", not told)):
            status, out, err = self.heapsnap("ask", str(child.pid), "-o", self.path(mode),
                                             "--mode", mode, "--json")
            self.assertEqual(status, 0, err)
            self.assertIs(self.document(out)["sites"], sites)
            self.assertEqual("warning: stacks" in err, not sites)
        answer = self.ask(self.pid, "off.snap")
        self.assertIsNone(answer["sites"])

    def test_ps_into_closed_pipe(self):
        done = subprocess.run("%s -m heapsnap ps | true" % sys.executable, shell=True,
                              stderr=subprocess.PIPE)
        self.assertEqual(done.stderr, b"")


class Run(AskCase):
    def run_program(self, *arguments, **options):
        return self.heapsnap("run", *arguments, cwd=self.directory, **options)

    def test_as_the_interpreter_would(self):
        source = ("import sys, os, pickle, heapsnap\n"
                  "class C: pass\n"
                  "assert heapsnap.listening()\n"
                  "pickle.dumps(C())\n"
                  "print(__name__, sorted(n for n in globals() if n[:2] != '__'), sys.argv[1:],\n"
                  "      os.path.basename(__file__), sys.modules['__main__'] is not None,\n"
                  "      sys.modules['__main__'].__dict__ is globals(),\n"
                  "      os.path.abspath(sys.path[0]) ==\n"
                  "      os.path.dirname(os.path.abspath(__file__)))\n"
                  "sys.exit(3)\n")
        self.write("dir/program.py", source)
        status, out, err = self.run_program("dir/program.py", "--role", "x", "-m", "--", "y")
        self.assertEqual((status, err), (3, ""))
        self.assertEqual(out, "__main__ ['C', 'heapsnap', 'os', 'pickle', 'sys'] ['--role', 'x', "
                              "'-m', '--', 'y'] program.py True True True\n")

    def test_what_the_program_sees_of_itself(self):
        """The same as without us, for every way of naming a program."""
        text = ("import os, sys, __main__\n"
                "def f(): pass\n"
                "spec = __spec__ and (__spec__.name, __spec__.origin, __spec__.parent,\n"
                "                     __spec__.has_location, type(__spec__.loader).__name__)\n"
                "os.chdir('/')\n"
                "print(__name__, __file__, __package__, __cached__, spec, __doc__, sys.argv,\n"
                "      sys.path, sorted(vars(__main__)), type(__loader__).__name__,\n"
                "      getattr(__loader__, 'path', None), f.__code__.co_filename,\n"
                "      __builtins__, os.path.exists(__file__))\n")
        for path in ("p.py", "folder/q.py", "package/__main__.py", "package/sub/module.py"):
            self.write(path, text)
        self.write("package/__init__.py", "")
        with zipfile.ZipFile(self.path("program.zip"), "w") as archive:
            archive.write(self.path("p.py"), "__main__.py")
        os.symlink("folder/q.py", self.path("link.py"))
        for arguments in (("p.py", "a", "-b"), ("./p.py",), ("folder/../p.py",), ("folder/q.py",),
                          ("link.py",), (self.path("p.py"),), ("-m", "package", "a", "-b"),
                          ("-m", "package.sub.module"), ("-m", "p"), ("package",), ("./package",),
                          (self.path("package"),), ("program.zip", "a")):
            env = dict(os.environ, PYTHONDONTWRITEBYTECODE="1")
            plain = subprocess.run([sys.executable, *arguments], stdout=subprocess.PIPE,
                                   cwd=self.directory, universal_newlines=True, env=env)
            status, out, err = self.run_program(*arguments, env=env)
            self.assertEqual((status, out), (plain.returncode, plain.stdout), (arguments, err))

    def test_options_before_the_program(self):
        self.write("p.py", "import heapsnap, sys, time; print('ready', flush=True)\n"
                           "sys.stdin.readline(); print(sys.argv)")
        child = subprocess.Popen([sys.executable, "-m", "heapsnap", "run", "--role", "worker", "--",
                                  "p.py", "-x"], cwd=self.directory, stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, universal_newlines=True)
        self.addCleanup(self.end, child)
        child.stdout.readline()
        _, out, _ = self.heapsnap("ps", "--json")
        roles = {p["pid"]: p["role"] for p in self.document(out)["processes"]}
        self.assertEqual(roles[child.pid], "worker")
        self.assertEqual(self.finish(child), "['p.py', '-x']\n")

    def test_module_directory_and_zip(self):
        text = "import sys; print(__name__, __spec__ is None or __spec__.name, sys.argv[1:])\n"
        self.write("package/__init__.py", "")
        self.write("package/__main__.py", text)
        self.write("package/module.py", text)
        with zipfile.ZipFile(self.path("program.zip"), "w") as archive:
            archive.write(self.path("package/__main__.py"), "__main__.py")
        for arguments, name in ((("-m", "package", "a", "-b"), "package.__main__"),
                                (("-m", "package.module", "a", "-b"), "package.module"),
                                (("package", "a", "-b"), "__main__"),
                                (("program.zip", "a", "-b"), "__main__")):
            status, out, err = self.run_program(*arguments)
            self.assertEqual((status, out), (0, "__main__ %s ['a', '-b']\n" % name), err)
        status, _, err = self.run_program("-m", "absent_module")
        self.assertEqual(status, 1)
        self.assertIn("absent_module", err)

    @unittest.skipIf(sys.version_info < (3, 11), "this Python has no safe path")
    def test_safe_path(self):
        self.write("p.py", "import sys; print(sys.path)\n")
        env = dict(os.environ, PYTHONSAFEPATH="1")
        for arguments in (("p.py",), ("-m", "platform")):
            status, out, err = self.run_program(*arguments, env=env)
            self.assertEqual(status, 0, err)
            self.assertNotIn(self.directory, out)

    def test_uncaught_exception(self):
        self.write("p.py", "def f():\n    1 / 0\nf()\n")
        status, _, err = self.run_program("p.py")
        self.assertEqual(status, 1)
        self.assertIn("ZeroDivisionError", err)
        self.assertNotIn("heapsnap" + os.sep, err)
        self.assertNotIn("runpy", err)
        self.write("q.py", "def f(:\n")
        status, _, err = self.run_program("q.py")
        self.assertEqual(status, 1)
        self.assertIn("SyntaxError", err)

    def test_threads_outlive_the_script(self):
        self.write("p.py", "import threading, time\n"
                           "value = 5\n"
                           "def late():\n    time.sleep(0.3); print(value)\n"
                           "threading.Thread(target=late).start()\n")
        self.assertEqual(self.run_program("p.py")[:2], (0, "5\n"))

    def test_spawned_children_find_main(self):
        self.write("p.py", "import multiprocessing as m\n"
                           "def f(n): return n * 2\n"
                           "if __name__ == '__main__':\n"
                           "    with m.get_context('spawn').Pool(1) as pool:\n"
                           "        print(pool.map(f, [21]))\n")
        status, out, err = self.run_program("p.py")
        self.assertEqual((status, out), (0, "[42]\n"), err)


if __name__ == "__main__":
    ask_support.main()
