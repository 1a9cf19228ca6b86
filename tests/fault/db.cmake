# Killed loads and completions of heap databases. A killed process has no sanitizer's report.
if(TARGET snapload AND TARGET snapsql AND TARGET gen_snap AND NOT SNAP_SANITIZE)
    add_test(NAME fault_db_kill
             COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/db_kill.sh $<TARGET_FILE:gen_snap>
                     $<TARGET_FILE:snapload> $<TARGET_FILE:snapsql>)
    set_tests_properties(fault_db_kill PROPERTIES TIMEOUT 300 LABELS fault)
endif()
