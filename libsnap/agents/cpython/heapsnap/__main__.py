"""``python3 -m heapsnap``: capture the heap of Python processes, and run programs so that they can
be asked. Exit status: 0 done, 2 wrong usage or the capture failed."""

import argparse
import os
import re
import sys
import time

from . import _ask, _text

_EPILOG = """\
exit status: 0 done; 2 wrong usage, or it could not be done; 130 interrupted.
`run` ends with the status of the program."""


def _say(text):
    print("heapsnap: " + _text.harmless(text), file=sys.stderr)


# ---- ps ------------------------------------------------------------------------------------------

def _row_cells(row):
    name = str(row["pid"] or "%d@%d" % (row["pid_in_namespace"], row["namespace"]))
    problem = _text.harmless(row["problem"] or "")
    if row["rss"] is None:
        return [name, "-", "-", "-", "-", "(%s)" % problem]
    role, plan = _text.harmless(row["role"] or "-"), row["plan"]
    if row["forked_from"]:
        role += " (child of %d)" % row["forked_from"]
    if plan:
        cost = "%s, pause %s, %s in all" % (_text.harmless(plan["mode"]),
                                            _text.duration(plan["pause_ns"]),
                                            _text.duration(plan["total_ns"]))
    else:
        cost = problem or "busy: the interpreter's lock is held"
    return [name, role, _text.size(row["rss"]), _text.growth(row["rss_growth"] or 0),
            _text.count(plan["objects"]) if plan else "-", cost]


def _ps(arguments):
    rows = _ask.statuses(arguments.timeout)
    if arguments.json:
        _text.print_json({"schema": "snap.ps/1", "processes": rows})
        return 0
    if not rows:
        _say("no process listens; start one with `python3 -m heapsnap run`, "
             "or call heapsnap.listen() in it")
        return 0
    cells = [["PID", "ROLE", "RSS", "GROWTH", "OBJECTS", "A CAPTURE NOW"]]
    cells += [_row_cells(row) for row in rows]
    for line in _text.table(cells, right={0, 2, 3, 4}):
        print(line)
    return 0


# ---- ask -----------------------------------------------------------------------------------------

def _label(text):
    key, equals, value = text.partition("=")
    if not key or not equals or not text.isprintable():
        raise argparse.ArgumentTypeError("%r is not KEY=VALUE" % text)
    return key, value


def _one_line(text):
    if not text.isprintable():
        raise argparse.ArgumentTypeError("%r is not a line of text" % text)
    return text


def _progress(output, since):
    """A function that shows on a terminal how the file grows."""
    if not sys.stderr.isatty():
        return lambda: None
    return lambda: sys.stderr.write("\r\033[K%s in %.0f s" % (_text.size(output.size()),
                                                              time.monotonic() - since))


def _capture(arguments, output):
    """Ask, with messages on the way; the event "done"."""
    def started(event):
        if not arguments.quiet:
            pause = "; it pauses until done" if event.get("mode") == "inline" else ""
            _say("%s: capturing %s (%s)%s" % (arguments.target, event.get("mode", "?"),
                                              event.get("why", "?"), pause))
    if arguments.target.isdigit() and not arguments.quiet and _ask.is_stopped(int(arguments.target)):
        _say("%s: it is stopped, and answers when it goes on (kill -CONT %s)"
             % (arguments.target, arguments.target))
    waiting = (lambda: None) if arguments.quiet else _progress(output, time.monotonic())
    try:
        return _ask.ask(arguments.target, output.fd, mode=arguments.mode, names=arguments.names,
                        values=arguments.values, gc_collect=arguments.gc, labels=arguments.label,
                        reason=arguments.reason, timeout=arguments.timeout, started=started,
                        waiting=waiting)
    finally:
        if not arguments.quiet and sys.stderr.isatty():
            sys.stderr.write("\r\033[K")


def _to_stdout(arguments):
    """A capture through memory to standard output: the process writes regular files only."""
    if sys.stdout.isatty():
        raise _ask.AskError("standard output is a terminal; use -o FILE")
    fd = os.memfd_create("heapsnap", os.MFD_CLOEXEC)
    with os.fdopen(fd, "w+b") as file:
        class output:
            fd = file.fileno()
            size = staticmethod(lambda: os.fstat(file.fileno()).st_size)
        done = _capture(arguments, output)
        file.seek(0)
        while True:
            block = file.read(1 << 20)
            if not block:
                break
            sys.stdout.buffer.write(block)
        sys.stdout.buffer.flush()
    return done


def _to_file(arguments):
    with _ask.Output(arguments.output, arguments.force) as output:
        try:
            done = _capture(arguments, output)
        except KeyboardInterrupt:
            output.discard()
            raise
        except _ask.AskError as error:
            if output.size() > 0:
                raise _ask.AskError("%s; what came before is in %s" % (error, output.part))
            raise
        output.publish()
    return done


def _ask_command(arguments):
    if arguments.output is None:
        name = re.sub(r"[^0-9A-Za-z]+", "-", arguments.target)
        arguments.output = "heapsnap-%s.snap" % name
    try:
        if arguments.output == "-":
            if arguments.json:
                raise _ask.AskError("--json and -o - both want standard output")
            _to_stdout(arguments)
            return 0
        done = _to_file(arguments)
    except _ask.AskError as error:
        _say("%s: %s" % (arguments.target, error))
        return 2
    if done["sites"] is False:
        _say("%s: warning: stacks of allocations are left out, although tracemalloc is on: this "
             "Python tells them to the process itself only (--mode inline)" % arguments.target)
    if arguments.json:
        _text.print_json(dict({"schema": "snap.ask/1", "path": arguments.output}, **done))
    elif not arguments.quiet:
        print("%s: %s objects, %s references, %s; paused %s, %s in all"
              % (arguments.output, _text.count(done["objects"]), _text.count(done["edges"]),
                 _text.size(done["bytes"]), _text.duration(done["pause_ns"]),
                 _text.duration(done["total_ns"])))
    return 0


# ---- run -----------------------------------------------------------------------------------------

def _run(arguments):
    from . import _listen, _program
    program = arguments.program
    if program and program[0] == "--":
        program = program[1:]
    module = arguments.module is not None
    if module:
        program = [arguments.module] + program
    if not program:
        _say("run: no program given; try `python3 -m heapsnap run --help`")
        return 2
    role = arguments.role or (arguments.module if module else os.path.basename(program[0]))
    try:
        _listen.listen(role=role, signal=arguments.signal, directory=arguments.directory)
    except (OSError, ValueError, RuntimeError) as error:
        _say("run: %s" % error)
        return 2
    if not module and not os.path.exists(program[0]):
        _say("run: %s: no such file" % program[0])
        return 2
    return _program.run(program, module)


# ---- options -------------------------------------------------------------------------------------

def _add_ps(commands):
    ps = commands.add_parser(
        "ps", help="list the processes that can be asked", allow_abbrev=False,
        description="List the processes that listen: resident memory, its growth since they began "
                    "to listen, an estimate of their objects, and what a capture would cost now.")
    ps.add_argument("--timeout", type=float, default=1.5, metavar="SECONDS",
                    help="how long to wait for answers (default 1.5)")
    ps.add_argument("--json", action="store_true", help="print JSON (schema snap.ps/1)")
    ps.set_defaults(command=_ps)


def _add_ask(commands):
    ask = commands.add_parser(
        "ask", help="have a running process write a capture", allow_abbrev=False,
        description="Ask a process that listens for a capture of its heap. The file is made here, "
                    "as FILE.part with mode 0600, and takes its name when it is whole; the process "
                    "itself needs no writable directory.")
    ask.add_argument("target", metavar="PID", help="the process (or the name of its socket)")
    ask.add_argument("-o", "--output", metavar="FILE",
                     help="where to (default heapsnap-PID.snap; - is standard output)")
    ask.add_argument("--mode", choices=("auto", "fork", "inline"), default="auto",
                     help="fork: a short pause, more memory while it lasts; inline: the process "
                          "pauses until done; auto (default): fork where there is head-room")
    ask.add_argument("--names", choices=("code", "keys", "none"), default="code",
                     help="dict keys to record: those that stand in the program's code (default), "
                          "all short strings, none; the rest is hashed")
    ask.add_argument("--values", action="store_true",
                     help="also record previews of contents (may hold secrets)")
    ask.add_argument("--gc", action="store_true", help="run a full garbage collection first")
    ask.add_argument("--label", type=_label, action="append", default=[], metavar="KEY=VALUE",
                     help="put a label into the file; may be given several times")
    ask.add_argument("--reason", type=_one_line, metavar="TEXT", help="why, for the file")
    ask.add_argument("--timeout", type=float, default=600.0, metavar="SECONDS",
                     help="give up after that long (default 600)")
    ask.add_argument("--force", action="store_true", help="replace an existing FILE")
    ask.add_argument("-q", "--quiet", action="store_true", help="no messages but errors")
    ask.add_argument("--json", action="store_true", help="print JSON (schema snap.ask/1)")
    ask.set_defaults(command=_ask_command)


def _add_run(commands):
    run = commands.add_parser(
        "run", help="run a program that can be asked", allow_abbrev=False,
        usage="python3 -m heapsnap run [options] PROGRAM.py [argument ...]\n"
              "       python3 -m heapsnap run [options] -m MODULE [argument ...]",
        description="Run a Python program as `python3 PROGRAM.py` would, listening for requests "
                    "(see `ask`). Children that it forks listen, too.")
    run.add_argument("--role", help="what `ps` shows (default: the program's name)")
    run.add_argument("--signal", metavar="NAME",
                     help="also capture on this signal (USR1, USR2, RTMIN...); refused when it is "
                          "handled already; by default no signal is touched")
    run.add_argument("--directory", metavar="DIR",
                     help="where captures by signal go (default: the current directory)")
    run.add_argument("-m", dest="module", metavar="MODULE", help="run a module")
    run.add_argument("program", nargs=argparse.REMAINDER, metavar="PROGRAM.py [argument ...]",
                     help="the program and its arguments")
    run.set_defaults(command=_run)


def _split_run(argv):
    """Cut the arguments of `run` where those of the program begin, which are not ours to parse."""
    if argv[:1] != ["run"]:
        return argv, []
    takes_value = {"--role", "--signal", "--directory"}
    at = 1
    while at < len(argv):
        if argv[at] == "-m":
            return argv[:at + 2], argv[at + 2:]
        if argv[at] == "--" or not argv[at].startswith("-"):
            break
        at += 2 if argv[at] in takes_value else 1
    return argv[:at], argv[at:]


def main(argv=None):
    parser = argparse.ArgumentParser(
        prog="python3 -m heapsnap", allow_abbrev=False, epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Capture the heap of Python processes into .snap files.")
    from . import __version__
    parser.add_argument("--version", action="version", version="heapsnap " + __version__)
    commands = parser.add_subparsers(metavar="COMMAND", dest="name")
    _add_ps(commands)
    _add_ask(commands)
    _add_run(commands)
    ours, program = _split_run(list(sys.argv[1:] if argv is None else argv))
    arguments = parser.parse_args(ours)
    if arguments.name is None:
        parser.error("which command? ps, ask or run")
    if arguments.name == "run":
        arguments.program = program
        return _run(arguments)
    return _guarded(arguments)


def _open_outputs():
    """Take the places of a closed standard output or error, so that no file of ours gets them. What
    is written to standard output fails then, as in a program in C; messages are lost."""
    for fd, name, mode in ((1, "stdout", os.O_RDONLY), (2, "stderr", os.O_WRONLY)):
        if getattr(sys, name) is not None:
            continue
        null = os.open(os.devnull, mode)
        if null != fd:
            os.dup2(null, fd)
            os.close(null)
        setattr(sys, name, os.fdopen(fd, "w"))


def _guarded(arguments):
    """Run a command of ours; whatever goes wrong is one line and a status."""
    _open_outputs()
    try:
        status = arguments.command(arguments)
        sys.stdout.flush()
        return status
    except _ask.AskError as error:
        _say(str(error))
        return 2
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        # Standard output cannot take it. The interpreter must not try again at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            return 0
        _say("standard output: %s" % error.strerror)
        return 2


if __name__ == "__main__":
    sys.exit(main())
