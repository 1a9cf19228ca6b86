"""Snapshots of a CPython process's heap, for the snap toolkit.

    import heapsnap
    heapsnap.dump("before.snap")
    ...
    heapsnap.dump("after.snap")

``snapdiff before.snap after.snap`` then says what grew and who owns it. ``listen()`` lets another
process ask for snapshots (``python3 -m heapsnap ask PID``).
"""

import contextlib
import errno
import os
import stat
import sys
import typing

try:
    from . import _heapsnap
except ImportError as _error:
    if "cannot import name" not in str(_error):
        raise
    if hasattr(globals().get("__loader__"), "archive"):
        raise ImportError("heapsnap cannot be imported from a zip archive (%s): its extension "
                          "module must be a file" % __loader__.archive) from None
    raise ImportError("heapsnap was built for another Python than this one (%s); install it with "
                      "this one: %s -m pip install libsnap/agents/cpython"
                      % (sys.version.split()[0], sys.executable)) from None
from ._heapsnap import __version__
from ._listen import listen, listening, stop_listening

__all__ = [
    "DumpResult", "HeapsnapError", "Plan", "__version__", "dump", "listen", "listening", "plan",
    "self_check", "stop_listening",
]


_SITES_LEFT_OUT = 2  # in what _heapsnap.dump returns


class HeapsnapError(RuntimeError):
    """A capture failed; the message says why in one sentence."""


class DumpResult(typing.NamedTuple):
    """What :func:`dump` wrote."""

    path: typing.Optional[str]  #: the file's name; None where a descriptor was given
    objects: int
    edges: int
    bytes: int                  #: size of the file
    pause: float                #: seconds during which no Python code could run
    total: float                #: seconds until the file was whole
    mode: str                   #: "fork" or "inline"
    why: str                    #: why that mode
    #: Whether stacks of allocations are in the file; None where tracemalloc does not trace.
    sites: typing.Optional[bool] = None


class Plan(typing.NamedTuple):
    """What a capture would cost now; estimates, from the resident size."""

    mode: str
    why: str
    rss: int            #: resident bytes of the process
    objects: int
    pause: float        #: seconds
    total: float        #: seconds
    extra_bytes: int    #: memory needed while the capture lasts


def dump(path_or_fd, *, mode="auto", names="code", values=False, gc_collect=False, labels=None,
         reason=None):
    """Write a snapshot of this process's whole Python heap.

    path_or_fd  a path, or an open file descriptor (or an object with ``fileno``) that the snapshot
                is written to from its current position. A path is written as ``PATH.part``,
                readable by the owner only, and takes its name when it is whole; an existing
                regular file is replaced. After an error the part is kept where it holds objects,
                which the message says; after Ctrl-C it is removed. Who writes to a pipe or
                socket that nobody empties gives up: after 10 seconds inline, in which the process
                stands still, and after 10 minutes in a forked child.
    mode        "fork": the heap is walked in a forked child, so that the program stands still for
                milliseconds only, at the price of memory. "inline": walked here, about 0.2 seconds
                a million objects, in which no Python code runs. "auto": fork where memory allows;
                where it does not, the logger "heapsnap" gets a warning before the pause begins.
                While tracemalloc traces, Pythons before 3.12 tell the stacks of allocations only
                to the process itself: "auto" is inline then, and "fork" leaves the stacks out
                (``sites`` of the result is False, and the logger gets a warning).
    names       which keys of dictionaries and names of attributes are written as they are: "code",
                those that stand in the program, which is: a name or constant in its code, a
                global of a module, an attribute of a class that a class statement or C code made,
                a part of the name of a module from the import path; "keys", short strings, too;
                "none". Any other is told by a hash under a secret key that changes with every
                process. Names of threads and tasks are written if their words stand in the
                program ("keys": all short ones; "none": none), those of classes and modules if
                their words stand in it, else as a hash. Names of functions, variables and files
                are always written.
    values      write previews of the contents of str, bytes and int objects as well.
    gc_collect  run a full collection first. Finalizers may run; otherwise no Python code does.
    labels      a dict of str to str, such as ``{"service": "checkout", "version": "1.2"}``: at
                most 256; keys without control characters; a key or value at most 64 KiB of UTF-8.
    reason      why the snapshot is taken, one line for the record, at most 64 KiB of UTF-8.

    Returns a :class:`DumpResult`; raises :class:`HeapsnapError` or :class:`OSError`, and TypeError
    or ValueError for wrong arguments, before anything is opened.

    What is captured: all objects that the collector knows, frozen ones too (``gc.freeze``), and all
    that these and the interpreter reach: also str, int, bytes, untracked tuples and dicts. No
    reference is taken, no object made, no instance given a ``__dict__``.

    Sizes are what the allocator gave, unlike ``sys.getsizeof``: for each block that the object
    alone owns, the size asked for, rounded as the allocator rounds (up to 512 bytes to a multiple
    of 16; beyond, with 8 bytes of malloc's header, to a multiple of 16 less these 8). An object's
    own block is ``16`` (the collector's header, if its type has one) ``+ 16`` (3.11 and later: the
    slots for attributes and weak references, if its class has them) ``+ __basicsize__ + items *
    __itemsize__``, and on 3.13 the inline attribute values, ``8 + 9 * n`` rounded up. Further
    blocks: the items of a list, the keys and values of a dict, the table of a set, the attribute
    values of 3.11 and 3.12, cached UTF-8 of a str, and so on. Objects that are part of a loaded
    file count 0.
    """
    labels = dict(labels) if labels else None
    arguments = (mode, names, bool(values), bool(gc_collect), labels, reason)
    _heapsnap._check(0, *arguments)
    fd = _descriptor(path_or_fd)
    if fd is None and not os.path.basename(path_or_fd):
        raise ValueError("the path names no file: %r" % (path_or_fd,))
    if mode == "auto":
        _announce_inline(plan())
    if fd is not None:
        try:
            return _result(None, _capture(fd, arguments))
        except _Failed as error:
            raise HeapsnapError(error.text) from None
    path = os.fsdecode(path_or_fd)
    with _part_file(path) as fd:
        facts = _capture(fd, arguments)
    return _result(path, facts)


def plan(mode="auto"):
    """What a capture would cost now, and which mode "auto" would take: a :class:`Plan`."""
    mode, why, rss, objects, pause, total, extra = _heapsnap.plan(mode)
    return Plan(mode, why, rss, objects, pause * 1e-9, total * 1e-9, extra)


def self_check():
    """Compare the collector's lists as the walk reads them with what the ``gc`` module counts.

    Returns the number of tracked objects, frozen ones included; raises :class:`HeapsnapError` when
    the two differ. (The layouts of objects are checked when the package is imported.)
    """
    import gc
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        # The list that gc.get_objects() makes is tracked by the time that the lists are counted.
        known = gc.get_objects()
        seen = _heapsnap._tracked()
        expected = len(known) + 1 + gc.get_freeze_count()
    finally:
        if was_enabled:
            gc.enable()
    if sum(seen) != expected:
        raise HeapsnapError("the collector knows %d objects, the walk sees %d"
                            % (expected, sum(seen)))
    return sum(seen)


def _announce_inline(expected):
    """Say beforehand that the process will stand still."""
    if expected.mode == "inline":
        import logging
        from . import _text
        logging.getLogger("heapsnap").warning(
            "no Python code will run for about %s: capturing inline (%s)",
            _text.duration(expected.pause * 1e9), expected.why)


def _descriptor(path_or_fd):
    """The descriptor that was given, or None for a path."""
    if isinstance(path_or_fd, int):
        return path_or_fd
    if isinstance(path_or_fd, (str, bytes, os.PathLike)):
        return None
    try:
        fileno = path_or_fd.fileno
    except AttributeError:
        raise TypeError("dump() takes a path or a file descriptor, not %s"
                        % type(path_or_fd).__name__) from None
    if hasattr(path_or_fd, "flush"):
        path_or_fd.flush()
    return fileno()


class _Failed(Exception):
    """A capture that failed: why, and whether what it wrote is worth keeping."""

    def __init__(self, text, worth_keeping):
        Exception.__init__(self, text)
        self.text, self.worth_keeping = text, worth_keeping


def _capture(fd, arguments):
    facts = _heapsnap.dump(fd, *arguments)
    if len(facts) == 2:
        raise _Failed(*facts)
    return facts


def _result(path, facts):
    objects, edges, size, pause, total, mode, why, sites = facts
    if sites == _SITES_LEFT_OUT:
        import logging
        logging.getLogger("heapsnap").warning(
            "the snapshot holds no stacks of allocations, although tracemalloc is on: this Python "
            "tells them to the process itself only, in mode 'inline'")
    return DumpResult(path, objects, edges, size, pause * 1e-9, total * 1e-9, mode, why,
                      (None, True, False)[sites])


@contextlib.contextmanager
def _part_file(path):
    """A descriptor for ``path.part``, which becomes ``path`` when the block ends without an error.

    After a failed capture the part stays where it is if it holds objects: tools read it as far as
    it goes. What is interrupted (Ctrl-C, an exit) leaves nothing.
    """
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            raise OSError(errno.EEXIST, "exists and is not a regular file", path)
    except FileNotFoundError:
        pass
    part = path + ".part"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        fd = os.open(part, flags, 0o600)
    except FileExistsError:
        raise FileExistsError(errno.EEXIST, "exists: another capture is under way, or one was "
                              "killed (snapinfo --recover saves what it wrote); remove it to go on",
                              part) from None
    try:
        yield fd
        os.fsync(fd)
        os.rename(part, path)
    except _Failed as error:
        if error.worth_keeping and os.fstat(fd).st_size > 0:
            raise HeapsnapError("%s; what came before is in %s" % (error.text, part)) from None
        os.unlink(part)
        raise HeapsnapError(error.text) from None
    except OSError:
        raise
    except BaseException:
        os.unlink(part)
        raise
    finally:
        os.close(fd)
