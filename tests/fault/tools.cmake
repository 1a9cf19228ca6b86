# The commands while their calls fail, and killed at random; README.md tells the long versions, and the
# one under sanitizers.
if(TARGET snapload AND TARGET snapdiff)
    add_library(failing MODULE ${CMAKE_CURRENT_LIST_DIR}/failing.c)
    target_link_libraries(failing PRIVATE ${CMAKE_DL_LIBS})
    set_target_properties(failing PROPERTIES PREFIX "" C_VISIBILITY_PRESET default
                          LIBRARY_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/fault)
endif()
if(TARGET failing AND NOT SNAP_SANITIZE)
    set(failures ${snap_python3} ${CMAKE_CURRENT_LIST_DIR}/tool_failures.py
                 --bin ${PROJECT_BINARY_DIR}/tools --bin ${CMAKE_CURRENT_BINARY_DIR}/cli
                 --bin ${CMAKE_CURRENT_BINARY_DIR}/fault --bin ${PROJECT_BINARY_DIR}/corpora/gen)
    add_test(NAME fault_tools_load COMMAND ${failures} --sample 3
             load load-force load-several load-summary complete)
    add_test(NAME fault_tools_diff COMMAND ${failures} --sample 2
             diff-files diff-no-cache diff-databases diff-json diff-store)
    add_test(NAME fault_tools_ask COMMAND ${failures} --sample 2
             query info verify recover recover-many top path show report convert convert-force
             export-csv export-v8)
    add_test(NAME fault_tools_kill COMMAND ${failures} --kill 8
             load load-force diff-files complete)
    foreach(name load diff ask kill)
        set_tests_properties(fault_tools_${name} PROPERTIES TIMEOUT 600 COST 15 LABELS fault
                             SKIP_RETURN_CODE 77)
    endforeach()
endif()
