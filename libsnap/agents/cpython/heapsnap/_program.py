"""Run a program the way the interpreter would, in a process that listens already."""

import importlib.machinery
import io
import os
import pkgutil
import runpy
import sys
import types


def _fresh_main():
    """A new, empty ``__main__``: the program must not find our names in its own."""
    main = types.ModuleType("__main__")
    main.__builtins__ = sys.modules["builtins"]
    main.__annotations__ = {}
    sys.modules["__main__"] = main
    return main


def _put_first(directory):
    """Let the program's directory take the place of ours in ``sys.path``, unless the interpreter
    was told not to put any there (``-P``, ``-I``)."""
    if not (sys.flags.isolated or getattr(sys.flags, "safe_path", False)):
        sys.path[0] = directory


def _absolute(path):
    """What the interpreter makes of the path that it was given: since 3.9 an absolute one, not made
    any simpler, so that a program may change its directory and find its files all the same."""
    if sys.version_info < (3, 9):
        return path
    try:
        return os.path.join(os.getcwd(), path)
    except OSError:  # the directory is gone
        return path


def _run_script(path):
    main = _fresh_main()
    main.__file__ = path
    main.__cached__ = None
    main.__loader__ = importlib.machinery.SourceFileLoader("__main__", path)
    main.__spec__ = None
    _put_first(os.path.dirname(os.path.realpath(path)))
    with io.open_code(path) as file:
        source = file.read()
    exec(compile(source, path, "exec"), main.__dict__)


def _without_our_frames(traceback):
    """The part of a traceback that the program would have had without us."""
    ours = (__file__, runpy.__file__)
    at = traceback
    while at is not None and (at.tb_frame.f_code.co_filename in ours or
                              at.tb_frame.f_code.co_filename.startswith("<frozen ")):
        at = at.tb_next
    return at


def run(arguments, module=False):
    """Run ``arguments[0]`` (a script, a directory or zip with ``__main__``, or with `module` the
    name of a module) with the rest as its arguments. Returns the exit status."""
    target = arguments[0]
    sys.argv[:] = arguments
    try:
        if module:
            _put_first(os.getcwd())
            _fresh_main()
            runpy._run_module_as_main(target)
        elif pkgutil.get_importer(target) is not None:
            target = _absolute(target)
            _put_first(target)
            if sys.path[0] != target:
                sys.path.insert(0, target)
            _fresh_main()
            runpy._run_module_as_main("__main__", alter_argv=False)
        else:
            _run_script(_absolute(target))
    except SystemExit:
        raise
    except BaseException as error:
        error.with_traceback(_without_our_frames(error.__traceback__))
        sys.excepthook(type(error), error, error.__traceback__)
        return 130 if isinstance(error, KeyboardInterrupt) else 1
    return 0

