# SPDX-License-Identifier: MIT
# The Debian packages that building and testing need: the only list of them. To be sourced by a
# POSIX shell. Each line: package, for what (build, test, browser, coverage, portability), a command
# that succeeds when it is there, wherever it came from.
packages_table() {
    cat <<'END'
cmake               build  command -v cmake
ninja-build         build  command -v ninja
pkg-config          build  command -v pkg-config
gcc                 build  command -v cc
libc6-dev           build  echo '#include <stdio.h>' | cc -E -
libzstd-dev         build  pkg-config --exists 'libzstd >= 1.5'
libsqlite3-dev      build  pkg-config --exists 'sqlite3 >= 3.40'
libcjson-dev        build  pkg-config --exists libcjson
zlib1g-dev          build  pkg-config --exists zlib
libxxhash-dev       build  pkg-config --exists libxxhash
python3-dev         build  packages_python_headers python3
libcunit1-dev       test   pkg-config --exists cunit
g++                 test   command -v c++
sqlite3             test   command -v sqlite3
scdoc               test   command -v scdoc
strace              test   command -v strace
python3-setuptools  test   /usr/bin/python3 -c 'import setuptools'
python3-dev         test   packages_python_headers /usr/bin/python3
python3-numpy       test   /usr/bin/python3 -c 'import numpy'
python3-gunicorn    test   /usr/bin/python3 -c 'import gunicorn'
python3-pytest      test   /usr/bin/python3 -c 'import pytest'
python3-flask       test   /usr/bin/python3 -c 'import flask'
python3-django      test   /usr/bin/python3 -c 'import django'
python3-sqlalchemy  test   /usr/bin/python3 -c 'import sqlalchemy'
python3-jsonschema  test   /usr/bin/python3 -c 'import jsonschema'
chromium-headless-shell browser packages_browser
gcovr               coverage  command -v gcovr
clang               portability  command -v clang
clang-tidy          portability  command -v clang-tidy
cppcheck            portability  command -v cppcheck
gcc-i686-linux-gnu  portability  command -v i686-linux-gnu-gcc
libc6-dev-i386-cross portability test -e /usr/i686-linux-gnu/include/stdio.h
gcc-s390x-linux-gnu portability  command -v s390x-linux-gnu-gcc
libc6-dev-s390x-cross portability test -e /usr/s390x-linux-gnu/include/stdio.h
libclang-rt-dev     portability  ls "$(clang -print-resource-dir)"/lib/linux/libclang_rt.msan*.a
qemu-user-static    portability  command -v qemu-s390x-static
abigail-tools       portability  command -v abidw
musl-tools          portability  command -v musl-gcc
debootstrap         portability  command -v debootstrap
END
}

# packages_python_headers PYTHON: whether the headers of that interpreter are there.
packages_python_headers() {
    "$1" -c 'import os, sysconfig; os.stat(sysconfig.get_path("include") + "/Python.h")'
}

# Whether there is a browser that tests can drive.
packages_browser() {
    command -v chromium-headless-shell || command -v chromium || command -v chromium-browser ||
        command -v google-chrome
}

# packages_missing USE...: the packages for these uses that are not there, one a line.
packages_missing() {
    packages_table | while read -r package use probe; do
        case " $* " in *" $use "*) ;; *) continue ;; esac
        (eval "$probe") >/dev/null 2>&1 </dev/null || echo "$package"
    done | sort -u
}

# packages_require USE...: install what is missing; without root or apt-get, or when it does not
# help, say what is needed and return 2.
packages_require() {
    packages_wanted=$(packages_missing "$@")
    [ -z "$packages_wanted" ] && return 0
    packages_wanted=$(echo "$packages_wanted" | tr '\n' ' ')
    if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "Installing: $packages_wanted" >&2
        export DEBIAN_FRONTEND=noninteractive
        { apt-get update -q && apt-get install -q -y --no-install-recommends $packages_wanted; } \
            >&2 </dev/null
        packages_wanted=$(packages_missing "$@" | tr '\n' ' ')
        [ -z "$packages_wanted" ] && return 0
        echo "These could not be installed: $packages_wanted" >&2
        return 2
    fi
    echo "Missing: $packages_wanted" >&2
    echo "Install them, on Debian as root with:" >&2
    echo "    apt-get install --no-install-recommends $packages_wanted" >&2
    return 2
}
