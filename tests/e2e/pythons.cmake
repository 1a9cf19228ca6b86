# The Pythons of this machine that the agent supports: python3.x on the path, /usr/bin/python3,
# those of pyenv. Sets, in parallel, SNAP_PYTHONS (interpreters, one a minor version) and
# SNAP_PYTHON_VERSIONS (3.8, ...), and SNAP_PYTHONS_ABSENT (minor versions that are not there).
#
#   snap_python_test(NAME SCRIPT TIMEOUT s [COST s] [ONLY_FIRST | ENDS] [ENVIRONMENT ...]): a CTest
#   entry a Python, NAME_3.11 and so on, with heapsnap and the tools within reach; the script's status
#   77 means that it was skipped. Versions that are not there have an entry that says so, and is
#   skipped. ENDS, for what is more of the tools than of the agent: the first Python found, the oldest
#   and the newest; all of them with -DSNAP_TEST_PYTHONS=all. Elsewhere those are told of by
#   SNAP_TEST_BETWEEN=1 in the others' environment (between.py).
include_guard(DIRECTORY)

set(SNAP_PYTHONS "")
set(SNAP_PYTHON_VERSIONS "")
set(SNAP_PYTHONS_ABSENT "")
if(NOT SNAP_CPYTHON OR NOT EXISTS ${PROJECT_SOURCE_DIR}/libsnap/agents/cpython/src/module.c)
    return()
endif()
find_path(XXHASH_INCLUDE xxhash.h REQUIRED)
include(${PROJECT_SOURCE_DIR}/libsnap/agents/cpython/module.cmake)

set(wanted 3.8 3.9 3.10 3.11 3.12 3.13)
file(GLOB pyenv_pythons $ENV{HOME}/.pyenv/versions/3.*/bin/python3 /usr/local/bin/python3.*)
if(DEFINED ENV{PYENV_ROOT})
    file(GLOB more $ENV{PYENV_ROOT}/versions/3.*/bin/python3)
    list(APPEND pyenv_pythons ${more})
endif()
list(SORT pyenv_pythons COMPARE NATURAL ORDER DESCENDING)
# The first of a version is taken; the system's, which is guaranteed, comes first.
set(candidates /usr/bin/python3 ${SNAP_CPYTHON_INTERPRETER} ${snap_python3})
foreach(version IN LISTS wanted)
    find_program(snap_python_${version} python${version} NO_CACHE)
    if(snap_python_${version})
        list(APPEND candidates ${snap_python_${version}})
    endif()
endforeach()
list(APPEND candidates ${pyenv_pythons})

foreach(candidate IN LISTS candidates)
    execute_process(COMMAND ${candidate} -c "import os, sys, sysconfig
os.stat(sysconfig.get_path('include') + '/Python.h')
print('%d.%d;%s' % (sys.version_info[0], sys.version_info[1], sys.executable))
assert sys.implementation.name == 'cpython' and not sysconfig.get_config_var('Py_GIL_DISABLED')"
        OUTPUT_VARIABLE facts ERROR_QUIET RESULT_VARIABLE failed OUTPUT_STRIP_TRAILING_WHITESPACE)
    if(NOT failed)
        list(GET facts 0 version)
        list(GET facts 1 interpreter)
        if(version IN_LIST wanted AND NOT version IN_LIST SNAP_PYTHON_VERSIONS)
            list(APPEND SNAP_PYTHON_VERSIONS ${version})
            list(APPEND SNAP_PYTHONS ${interpreter})
        endif()
    endif()
endforeach()
foreach(version IN LISTS wanted)
    if(NOT version IN_LIST SNAP_PYTHON_VERSIONS)
        list(APPEND SNAP_PYTHONS_ABSENT ${version})
    endif()
endforeach()
message(STATUS "tests: Pythons ${SNAP_PYTHON_VERSIONS}; not here: ${SNAP_PYTHONS_ABSENT}")

# The agent for each, in build/python-3.x/heapsnap.
foreach(version interpreter IN ZIP_LISTS SNAP_PYTHON_VERSIONS SNAP_PYTHONS)
    heapsnap_agent(TARGET heapsnap_agent_${version} PYTHON ${interpreter}
                   FOLDER ${CMAKE_BINARY_DIR}/python-${version}/heapsnap)
endforeach()

set(SNAP_TEST_PYTHONS "ends" CACHE STRING "Pythons for tests of the tools: ends, all")

# Of the versions that are there: the first, the oldest, the newest, each once; or all.
set(SNAP_PYTHON_ENDS ${SNAP_PYTHON_VERSIONS})
if(SNAP_PYTHONS AND NOT SNAP_TEST_PYTHONS STREQUAL "all")
    list(GET SNAP_PYTHON_VERSIONS 0 first)
    list(SORT SNAP_PYTHON_ENDS COMPARE NATURAL)
    list(GET SNAP_PYTHON_ENDS 0 oldest)
    list(GET SNAP_PYTHON_ENDS -1 newest)
    set(SNAP_PYTHON_ENDS ${first} ${oldest} ${newest})
    list(REMOVE_DUPLICATES SNAP_PYTHON_ENDS)
endif()

function(snap_python_test name script)
    cmake_parse_arguments(arg "ONLY_FIRST;ENDS" "TIMEOUT;COST" "ENVIRONMENT" ${ARGN})
    # What starts first: the longest, so that none runs alone at the end.
    if(NOT arg_COST)
        set(arg_COST 5)
    endif()
    set(versions ${SNAP_PYTHON_VERSIONS})
    if(arg_ONLY_FIRST)
        list(SUBLIST versions 0 1 versions)
    elseif(arg_ENDS)
        set(versions ${SNAP_PYTHON_ENDS})
    endif()
    set(environment PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 ${arg_ENVIRONMENT})
    if(TARGET snapload)
        list(APPEND environment SNAP_TOOLS=$<TARGET_FILE_DIR:snapload>)
    endif()
    if(TARGET snapinfo)
        list(APPEND environment SNAPINFO=$<TARGET_FILE:snapinfo>)
    endif()
    foreach(version IN LISTS versions)
        list(FIND SNAP_PYTHON_VERSIONS ${version} at)
        list(GET SNAP_PYTHONS ${at} interpreter)
        add_test(NAME ${name}_${version} COMMAND ${interpreter} ${script})
        set(between "")
        if(NOT arg_ONLY_FIRST AND NOT version IN_LIST SNAP_PYTHON_ENDS)
            set(between "SNAP_TEST_BETWEEN=1;")
        endif()
        set_tests_properties(${name}_${version} PROPERTIES
            TIMEOUT ${arg_TIMEOUT} COST ${arg_COST} LABELS e2e SKIP_RETURN_CODE 77
            ENVIRONMENT "${between}PYTHONPATH=${CMAKE_BINARY_DIR}/python-${version};${environment}")
    endforeach()
    if(NOT arg_ONLY_FIRST)
        foreach(version IN LISTS SNAP_PYTHONS_ABSENT)
            add_test(NAME ${name}_${version} COMMAND sh -c
                     "echo 'skipped: there is no Python ${version} with headers here'; exit 77")
            set_tests_properties(${name}_${version} PROPERTIES SKIP_RETURN_CODE 77 LABELS e2e)
        endforeach()
    endif()
endfunction()
