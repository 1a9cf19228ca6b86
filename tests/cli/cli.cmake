# Command-line scenarios with golden output: one CTest entry each. README.md tells how to add one.
if(NOT SNAP_TOOLS)
    return()
endif()
foreach(maker make_snap mutate_snap)
    add_executable(${maker} ${CMAKE_CURRENT_LIST_DIR}/${maker}.c)
    target_link_libraries(${maker} PRIVATE snap_flags snap_static PkgConfig::ZSTD)
    set_target_properties(${maker} PROPERTIES
                          RUNTIME_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/cli)
endforeach()

# For the scenario that lets allocations fail: preloaded into the commands.
add_library(failmalloc MODULE ${CMAKE_CURRENT_LIST_DIR}/failmalloc.c)
target_link_libraries(failmalloc PRIVATE ${CMAKE_DL_LIBS})
set_target_properties(failmalloc PROPERTIES PREFIX "" C_VISIBILITY_PRESET default
                      LIBRARY_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/cli)

set(cli_run ${snap_python3} ${CMAKE_CURRENT_LIST_DIR}/run.py
            --bin ${PROJECT_BINARY_DIR}/tools --bin ${CMAKE_CURRENT_BINARY_DIR}/cli
            --bin ${PROJECT_BINARY_DIR}/corpora/gen)

file(GLOB scenarios CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_LIST_DIR}
     ${CMAKE_CURRENT_LIST_DIR}/*.sh)
foreach(scenario IN LISTS scenarios)
    string(REPLACE ".sh" "" scenario ${scenario})
    add_test(NAME cli_${scenario} COMMAND ${cli_run} ${scenario})
    set_tests_properties(cli_${scenario} PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 300 LABELS cli)
endforeach()

# The longest, which start first.
foreach(scenario all-database all-mutated all-nomem snapdiff-many snapdiff-random snapinfo-mutated)
    set_tests_properties(cli_${scenario} PROPERTIES COST 20)
endforeach()

add_custom_target(update-goldens COMMAND ${cli_run} --update USES_TERMINAL
                  COMMENT "Writing what the commands print now over the goldens in tests/cli")
