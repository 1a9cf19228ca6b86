"""Find processes that listen, and ask them: the other end of the agent's socket.

The sockets are abstract, of type SOCK_SEQPACKET, named ``heapsnap/1/PIDNS/PID/START/RANDOM``. A
request is one packet of text lines, a reply one packet of JSON. Before anything is sent, the kernel
is asked who made the socket: it must be the process that the name claims, run by the same user, by
root, or asked by root. What comes back is bounded and never trusted further than its types.
"""

import array
import collections
import errno
import json
import os
import re
import selectors
import socket
import stat
import struct
import time

PROTOCOL = 1
MAX_REPLY = 8192
_ACCEPTS = 0x10000  # the flag of a listening socket in /proc/net/unix
_NAME = re.compile(r"heapsnap/(\d{1,9})/(\d{1,20})/(\d{1,10})/(\d{1,20})/[0-9a-f]{16}\Z")

#: A listening socket: its name, and what the name says.
Listener = collections.namedtuple("Listener", "name protocol namespace pid start")


class AskError(Exception):
    """What went wrong, in one sentence for people."""


class _Dropped(AskError):
    """The other side closed the connection without a word."""


# ---- who listens ---------------------------------------------------------------------------------

def own_namespace():
    """Inode of this process's pid namespace; 0 where /proc does not tell."""
    try:
        return os.stat("/proc/self/ns/pid").st_ino
    except OSError:
        return 0


def parse_name(name):
    """The Listener of a socket name, or None when it is not one of ours."""
    found = _NAME.match(name)
    return Listener(name, *map(int, found.groups())) if found else None


def find_listeners():
    """All processes that listen in this network namespace, ordered by namespace and pid."""
    listeners = []
    try:
        with open("/proc/net/unix", encoding="utf-8", errors="replace") as table:
            lines = table.read().splitlines()[1:]
    except OSError as error:
        raise AskError("/proc/net/unix: %s" % error.strerror) from None
    for line in lines:
        fields = line.split(None, 7)
        if len(fields) < 8 or not fields[7].startswith("@heapsnap/"):
            continue
        listener = parse_name(fields[7][1:])
        if listener and int(fields[3], 16) & _ACCEPTS:
            listeners.append(listener)
    return sorted(listeners, key=lambda l: (l.namespace, l.pid, l.start))


def is_stopped(pid):
    """Is the process (as this namespace numbers it) stopped by a signal or a debugger? It neither
    answers nor ends then."""
    try:
        with open("/proc/%d/stat" % pid, "rb") as file:
            return file.read().rpartition(b")")[2].split()[:1] in ([b"T"], [b"t"])
    except OSError:
        return False


# ---- one conversation ----------------------------------------------------------------------------

class Conversation:
    """A connection to one listener. Use as a context manager.

    `peer_pid` is the process as this namespace numbers it (0: not visible from here), `peer_uid`
    the user that it ran as when it began to listen.
    """

    def __init__(self, listener, timeout):
        if listener.protocol != PROTOCOL:
            raise AskError("it speaks version %d of the protocol, this heapsnap version %d"
                           % (listener.protocol, PROTOCOL))
        self.listener = listener
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC)
        try:
            self._connect(timeout)
            self._check_peer()
        except BaseException:
            self.socket.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.socket.close()

    def _connect(self, timeout):
        deadline = time.monotonic() + timeout
        self.socket.settimeout(timeout)
        while True:
            try:
                self.socket.connect("\0" + self.listener.name)
                return
            except OSError as error:
                if error.errno == errno.ECONNREFUSED:
                    raise AskError("it does not listen any more") from None
                # The queue of connections is full: others ask, too.
                if error.errno != errno.EAGAIN or time.monotonic() > deadline:
                    raise AskError("cannot connect: %s"
                                   % (error.strerror or "timed out")) from None
            time.sleep(0.02)

    def _check_peer(self):
        credentials = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        self.peer_pid, self.peer_uid, _ = struct.unpack("=iII", credentials)
        same_namespace = self.listener.namespace == own_namespace()
        if same_namespace and self.peer_pid != self.listener.pid:
            raise AskError("the socket belongs to process %d, not to %d as its name says"
                           % (self.peer_pid, self.listener.pid))
        if os.geteuid() not in (0, self.peer_uid) and self.peer_uid != 0:
            raise AskError("it belongs to user %d: ask as that user or as root" % self.peer_uid)

    def send(self, verb, options=(), fd=None):
        """Send the request: lines of (option, value), and a descriptor to hand over."""
        lines = ["heapsnap/%d %s" % (PROTOCOL, verb)]
        lines += ["%s %s" % option for option in options]
        packet = "".join(line + "\n" for line in lines).encode("utf-8")
        rights = []
        if fd is not None:
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))]
        try:
            self.socket.sendmsg([packet], rights)
        except (BrokenPipeError, ConnectionResetError):
            raise _Dropped("the process closed the connection") from None
        except OSError as error:
            raise AskError("cannot send the request: %s" % error.strerror) from None

    def receive(self, timeout):
        """The next event as a dict; None when the other side closed; TimeoutError after that."""
        self.socket.settimeout(timeout)
        try:
            packet = self.socket.recv(MAX_REPLY + 1)
        except socket.timeout:
            raise TimeoutError from None
        except ConnectionResetError:
            return None
        if not packet:
            return None
        try:
            event = json.loads(packet.decode("utf-8"))
        except (ValueError, RecursionError):
            event = None
        if not isinstance(event, dict) or not isinstance(event.get("event"), str):
            raise AskError("it sent what is not a reply")
        return event


# ---- ps ------------------------------------------------------------------------------------------

#: The fields of a reply and their types; others are passed over.
_STATUS = {"pid": int, "parent": int, "forked_from": int, "uid": int, "start_time": int,
           "role": str, "argv0": str, "python": str, "version": str, "listening_since": int,
           "rss": int, "rss_growth": int, "busy": bool}
_PLAN = {"mode": str, "why": str, "objects": int, "pause_ns": int, "total_ns": int,
         "extra_bytes": int}
_DONE = {"mode": str, "why": str, "objects": int, "edges": int, "bytes": int, "pause_ns": int,
         "total_ns": int}
#: What is there in some replies only.
_SOMETIMES = {"sites": bool}


def _fields(event, types):
    """The fields that have these types, and numbers that a 64-bit counter could hold."""
    return {key: event[key] for key, kind in types.items() if type(event.get(key)) is kind
            and (kind is not int or -2**63 <= event[key] < 2**63)}


def _empty_row(listener):
    row = dict.fromkeys(_STATUS)
    row.update(pid=listener.pid if listener.namespace == own_namespace() else None,
               namespace=listener.namespace, pid_in_namespace=listener.pid,
               socket=listener.name, problem=None, plan=None)
    return row


_BUSY = "no answer: busy in code that holds the interpreter's lock"
_STOPPED = "no answer: it is stopped, by a signal or a debugger"


def statuses(timeout=1.5):
    """What every listening process says of itself, as dicts. Nobody is waited for longer than
    `timeout` seconds: who did not answer has that in ``problem``."""
    rows, conversations = [], selectors.DefaultSelector()
    try:
        for listener in find_listeners():
            row = _empty_row(listener)
            rows.append(row)
            try:
                talk = Conversation(listener, timeout)
            except AskError as error:
                row["problem"] = str(error)
                continue
            row["pid"] = talk.peer_pid or None
            row["problem"] = _BUSY
            conversations.register(talk.socket, selectors.EVENT_READ, (talk, row))
            try:
                talk.send("status")
            except AskError as error:
                _finish(conversations, talk, row, str(error))
        _collect(conversations, time.monotonic() + timeout)
        for row in rows:
            if row["problem"] == _BUSY and row["pid"] and is_stopped(row["pid"]):
                row["problem"] = _STOPPED
    finally:
        for key in list(conversations.get_map().values()):
            key.data[0].socket.close()
        conversations.close()
    return rows


def _finish(conversations, talk, row, problem):
    row["problem"] = problem
    conversations.unregister(talk.socket)
    talk.socket.close()


def _collect(conversations, deadline):
    while conversations.get_map():
        left = deadline - time.monotonic()
        if left <= 0:
            return
        for key, _ in conversations.select(left):
            talk, row = key.data
            try:
                event = talk.receive(left)
            except (AskError, TimeoutError) as error:
                _finish(conversations, talk, row, str(error))
                continue
            if event is None:
                _finish(conversations, talk, row,
                        row["problem"] if row["rss"] is not None else "it closed the connection")
            elif event["event"] == "status":
                said = _fields(event, _STATUS)
                said.pop("pid", None)
                row.update(said)
                row["problem"] = "a capture is under way" if row["busy"] else None
            elif event["event"] == "plan":
                plan = _fields(event, _PLAN)
                row["plan"] = plan if len(plan) == len(_PLAN) else None
            elif event["event"] == "error":
                _finish(conversations, talk, row, str(event.get("error")))


# ---- ask -----------------------------------------------------------------------------------------

def _converse(target, timeout):
    """Connect to the one listener that `target` (a pid or a socket's name) means."""
    listeners = find_listeners()
    if not str(target).isdigit():
        named = [l for l in listeners if l.name == target]
        if not named:
            raise AskError("no process listens under that name")
        return Conversation(named[0], timeout)
    pid, here = int(target), own_namespace()
    for listener in listeners:
        if listener.namespace == here and listener.pid == pid:
            return Conversation(listener, timeout)
    for listener in listeners:
        if listener.namespace != here:
            try:
                talk = Conversation(listener, timeout)
            except AskError:
                continue
            if talk.peer_pid == pid:
                return talk
            talk.socket.close()
    if not os.path.exists("/proc/%d" % pid):
        raise AskError("no such process")
    raise AskError("it does not listen; start it with `python3 -m heapsnap run`, "
                   "or call heapsnap.listen() in it")


def _await_end(talk, deadline, started, waiting):
    """Receive until the end; the event "done"."""
    heard = False
    while True:
        try:
            event = talk.receive(min(0.25, max(0.01, deadline - time.monotonic())))
        except TimeoutError:
            if time.monotonic() >= deadline:
                stopped = talk.peer_pid and is_stopped(talk.peer_pid)
                raise AskError(_STOPPED if stopped else "no answer within the time limit") from None
            waiting()
            continue
        if event is None:
            raise (AskError if heard else _Dropped)(
                "the process ended, or closed the connection, before the capture was whole")
        heard = True
        if event["event"] == "error":
            raise AskError(str(event.get("error")))
        if event["event"] == "started":
            started(_fields(event, _DONE))
        if event["event"] == "done":
            done = _fields(event, _DONE)
            if len(done) < len(_DONE):
                raise AskError("it sent what is not a reply")
            done.update(_fields(event, _SOMETIMES))
            return done


def ask(target, fd, *, mode="auto", names="code", values=False, gc_collect=False, labels=(),
        reason=None, timeout=600.0, started=lambda event: None, waiting=lambda: None):
    """Have the process `target` (a pid, or the name of its socket) write a capture to `fd`.

    `fd` must be a regular file that is open for writing. Returns a dict with ``pid``, ``objects``,
    ``edges``, ``bytes``, ``pause_ns``, ``total_ns``, ``mode``, ``why`` and ``sites`` (whether
    stacks of allocations are in the file; None: tracemalloc is off); raises AskError. `started` is
    called with the mode and why before the process pauses, `waiting` several times a second.
    """
    options = [("mode", mode), ("names", names), ("values", int(bool(values))),
               ("gc", int(bool(gc_collect)))]
    options += [("label", "%s=%s" % pair) for pair in labels]
    if reason:
        options.append(("reason", reason))
    deadline = time.monotonic() + timeout
    for last in (False, True):
        try:
            with _converse(target, min(timeout, 10.0)) as talk:
                talk.send("dump", options, fd)
                done = _await_end(talk, deadline, started, waiting)
                done["pid"] = talk.peer_pid or talk.listener.pid
                done.setdefault("sites", None)
                return done
        except _Dropped:
            # A process that found its socket closed (daemons close all that they do not know)
            # listens again, under a new name.
            if last and os.geteuid() not in (0, talk.peer_uid):
                raise AskError("it belongs to user %d, and closed the connection: ask as that user "
                               "or as root" % talk.peer_uid) from None
            if last:
                raise
            time.sleep(0.1)
    return None


# ---- the file that a capture goes to -------------------------------------------------------------

class Output:
    """The file of a capture while it grows: ``PATH.part``, exclusive, mode 0600, and its
    publication as ``PATH`` when whole. An existing PATH is replaced only with `replace`, and only
    if it is a regular file. As a context manager it closes the file; an empty ``.part`` is
    removed."""

    def __init__(self, path, replace=False):
        self.path, self.part, self.replace, self.fd = path, path + ".part", replace, -1
        self._refuse_bad_target()
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            self.fd = os.open(self.part, flags, 0o600)
        except FileExistsError:
            raise AskError("%s: exists: another capture is writing it, or one was interrupted; "
                           "remove it or choose another name" % self.part) from None
        except OSError as error:
            raise AskError("%s: %s" % (self.part, error.strerror)) from None

    def _refuse_bad_target(self):
        if not os.path.basename(self.path):
            raise AskError("the output names no file: %r" % self.path)
        try:
            mode = os.lstat(self.path).st_mode
        except FileNotFoundError:
            return
        except OSError as error:
            raise AskError("%s: %s" % (self.path, error.strerror)) from None
        if not stat.S_ISREG(mode):
            raise AskError("%s: exists and is not a regular file" % self.path)
        if not self.replace:
            raise AskError("%s: exists; --force replaces it" % self.path)

    def size(self):
        """Bytes so far."""
        return os.fstat(self.fd).st_size

    def publish(self):
        """Give the whole file its name."""
        try:
            os.fsync(self.fd)
            if self.replace:
                self._refuse_bad_target()
                os.rename(self.part, self.path)
            else:
                self._link()
            directory = os.open(os.path.dirname(self.path) or ".", os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(directory)
            finally:
                os.close(directory)
        except OSError as error:
            raise AskError("%s: %s" % (self.path, error.strerror)) from None

    def _link(self):
        """Rename without replacing what somebody else has put there meanwhile."""
        try:
            os.link(self.part, self.path, follow_symlinks=False)
        except FileExistsError:
            raise AskError("%s: exists; the capture is in %s" % (self.path, self.part)) from None
        except OSError:  # a file system without hard links
            self._refuse_bad_target()
            os.rename(self.part, self.path)
        else:
            os.unlink(self.part)

    def discard(self):
        """Remove what was written."""
        try:
            os.unlink(self.part)
        except OSError:
            pass

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        os.close(self.fd)
        try:
            if os.path.getsize(self.part) == 0:
                self.discard()
        except OSError:
            pass
