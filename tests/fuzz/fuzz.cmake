# Fuzz targets: each with a driver that needs no engine (a test: mutated seeds, then all that was ever
# found), and with SNAP_FUZZ=ON as NAME_engine: libFuzzer with clang, AFL++ with afl-clang-fast.
option(SNAP_FUZZ "Build the fuzz targets for libFuzzer (clang) or AFL++ (afl-clang-fast)" OFF)
if(SNAP_FUZZ AND NOT CMAKE_C_COMPILER MATCHES "afl-")
    target_compile_options(snap_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# snap_fuzz(NAME ROUNDS n SOURCES ... LIBS ... DEFINITIONS ... INCLUDES ...): ROUNDS mutations a seed.
function(snap_fuzz name)
    cmake_parse_arguments(arg "" "ROUNDS;LABEL" "SOURCES;LIBS;DEFINITIONS;INCLUDES" ${ARGN})
    set(programs ${name})
    if(SNAP_FUZZ)
        list(APPEND programs ${name}_engine)
    endif()
    foreach(program IN LISTS programs)
        add_executable(${program} ${arg_SOURCES})
        target_compile_definitions(${program} PRIVATE _GNU_SOURCE ${arg_DEFINITIONS})
        target_include_directories(${program} PRIVATE ${PROJECT_SOURCE_DIR}/tests/unit
                                   ${arg_INCLUDES})
        target_link_libraries(${program} PRIVATE snap_flags ${arg_LIBS})
    endforeach()
    target_sources(${name} PRIVATE fuzz/fuzz_driver.c)
    if(SNAP_FUZZ)
        target_link_options(${name}_engine PRIVATE -fsanitize=fuzzer)
    endif()
    file(GLOB found CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/found/${name}-*.hex)
    add_test(NAME ${name} COMMAND ${name} --mutate ${arg_ROUNDS} 1 ${found})
    set_tests_properties(${name} PROPERTIES TIMEOUT 300 LABELS ${arg_LABEL})
endfunction()

foreach(part reader batch column)
    snap_fuzz(fuzz_snap_${part} ROUNDS 1500 LABEL libsnap SOURCES fuzz/fuzz_snap_${part}.c
              LIBS snap_objects snap_gen_rows)
endforeach()
if(TARGET snap_import)
    snap_fuzz(fuzz_json ROUNDS 1000 LABEL unit SOURCES fuzz/fuzz_json.c
              LIBS snap_import PkgConfig::CJSON)
    snap_fuzz(fuzz_unpickle ROUNDS 5000 LABEL unit SOURCES fuzz/fuzz_unpickle.c LIBS snap_import)
    foreach(format hprof v8 ruby tracemalloc)
        snap_fuzz(fuzz_import_${format} ROUNDS 3000 LABEL unit SOURCES fuzz/fuzz_import.c
                  LIBS snap_import DEFINITIONS FUZZ_FORMAT=${format})
    endforeach()
    set(agent ${PROJECT_SOURCE_DIR}/libsnap/agents/cpython/src)
    snap_fuzz(fuzz_agent_wire ROUNDS 3000 LABEL unit SOURCES fuzz/fuzz_agent_wire.c
              ${agent}/ask_wire.c INCLUDES ${agent} LIBS snap_import)
endif()
if(TARGET snap_db)
    snap_fuzz(fuzz_load ROUNDS 60 LABEL unit SOURCES fuzz/fuzz_load.c fuzz/fuzz_grammar.c
              LIBS snap_objects snap_gen_rows snap_db PkgConfig::SQLITE
              DEFINITIONS INVARIANTS_SQL="${PROJECT_SOURCE_DIR}/tests/property/invariants.sql")
endif()

# The asking end of the agent's conversation, which is Python.
add_test(NAME fuzz_agent_answers
         COMMAND ${snap_python3} ${CMAKE_CURRENT_LIST_DIR}/fuzz_agent_answers.py)
set_tests_properties(fuzz_agent_answers PROPERTIES TIMEOUT 300 LABELS unit)
