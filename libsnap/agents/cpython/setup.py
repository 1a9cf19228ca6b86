"""Builds the package heapsnap from the source tree: `pip install libsnap/agents/cpython`.

The library's writer is compiled into the extension module, and the compressor of zstd is linked
into it where the static archive is found (libzstd-dev has it), so that the module depends on
nothing but libc. Needed: a C11 compiler, the headers of zstd and of xxhash (libzstd-dev,
libxxhash-dev).
"""

import atexit
import glob
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile

from setuptools import Extension, setup

HERE = os.path.dirname(os.path.abspath(__file__))
LIBSNAP = os.path.join(HERE, os.pardir, os.pardir)
#: Sources of libsnap that read files, and do not belong into a process that only writes them.
READER = re.compile(r"^(batch|reader|source|joiner|chunk_unpack|column_decode)")


def version():
    with open(os.path.join(LIBSNAP, "include", "snap", "version.h")) as file:
        return re.search(r'SNAP_VERSION_STRING "([^"]+)"', file.read()).group(1)


def sources():
    """Paths relative to this directory, as setuptools wants them."""
    library = sorted(glob.glob(os.path.join(LIBSNAP, "src", "*.c")))
    library = [path for path in library if not READER.match(os.path.basename(path))]
    agent = sorted(glob.glob(os.path.join(HERE, "src", "*.c")))
    return [os.path.relpath(path, HERE) for path in agent + library]


def static_zstd():
    """The archive of zstd that the compiler would find, or None."""
    compiler = os.environ.get("CC", "cc").split()
    try:
        found = subprocess.check_output(compiler + ["-print-file-name=libzstd.a"])
    except (OSError, subprocess.CalledProcessError):
        return None
    path = os.fsdecode(found).strip()
    return path if os.path.isabs(path) and os.path.exists(path) else None


def refuse(why):
    sys.exit("heapsnap: " + why)


if sys.implementation.name != "cpython" or not (3, 8) <= sys.version_info[:2] <= (3, 13):
    refuse("supports CPython 3.8 to 3.13, not %s %s"
           % (sys.implementation.name, platform.python_version()))
if not sys.platform.startswith("linux"):
    refuse("captures processes on Linux only")
if not glob.glob(os.path.join(LIBSNAP, "src", "writer.c")):
    refuse("build it from the whole source tree: pip install libsnap/agents/cpython")

archive = static_zstd()
# Nothing is left in the source tree, nor elsewhere. The library's sources are two folders up, and so
# are their objects from where objects go: that, too, must be in a folder of this build's own.
scratch = tempfile.mkdtemp(prefix="heapsnap-build-")
objects = os.path.join(scratch, "objects", "agents", "cpython")
atexit.register(shutil.rmtree, scratch, ignore_errors=True)
os.chdir(HERE)
setup(
    name="heapsnap",
    version=version(),
    description="Snapshots of a CPython process's heap, for the snap toolkit",
    license="MIT",
    python_requires=">=3.8, <3.14",
    packages=["heapsnap"],
    entry_points={"pytest11": ["heapsnap = heapsnap.pytest_plugin"]},
    package_data={"heapsnap": ["py.typed", "*.pyi"]},
    zip_safe=False,
    options={"build": {"build_base": scratch, "build_temp": objects},
             "egg_info": {"egg_base": scratch}},
    ext_modules=[Extension(
        "heapsnap._heapsnap",
        sources(),
        include_dirs=[os.path.join(LIBSNAP, "include"), os.path.join(LIBSNAP, "src")],
        define_macros=[("_FILE_OFFSET_BITS", "64")],
        extra_compile_args=["-std=gnu11", "-O3", "-fvisibility=hidden", "-Wno-unused-parameter"],
        extra_objects=[archive] if archive else [],
        libraries=([] if archive else ["zstd"]) + ["pthread", "dl"],
        extra_link_args=["-Wl,--version-script=" + os.path.join(HERE, "src", "module.map"),
                         "-Wl,--gc-sections"],
    )],
)
