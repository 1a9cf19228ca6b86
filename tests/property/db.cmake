# Heap databases of generated snapshots against their invariants, the definitions, and the planner.
# dump_rows is made by e2e/agent.cmake, which comes later.
if(TARGET snapload AND TARGET snapsql AND TARGET gen_snap)
    foreach(range 1-8 9-16)
        string(REPLACE "-" ";" ends ${range})
        list(GET ends 0 first)
        list(GET ends 1 last)
        add_test(NAME db_random_${range}
                 COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/db_random.sh $<TARGET_FILE:gen_snap>
                         $<TARGET_FILE:snapload> $<TARGET_FILE:snapsql> $<TARGET_FILE:dump_rows>
                         ${first} ${last})
        set_tests_properties(db_random_${range} PROPERTIES TIMEOUT 600 COST 20 LABELS property)
    endforeach()
    add_test(NAME db_loaders
             COMMAND ${snap_python3} ${CMAKE_CURRENT_LIST_DIR}/db_loaders.py
                     $<TARGET_FILE:snapload> $<TARGET_FILE:gen_snap>
                     ${PROJECT_SOURCE_DIR}/corpora/good)
    set_tests_properties(db_loaders PROPERTIES TIMEOUT 300 COST 15 LABELS property)
    add_test(NAME db_folded
             COMMAND ${snap_python3} ${CMAKE_CURRENT_LIST_DIR}/db_folded.py
                     $<TARGET_FILE:snapload> $<TARGET_FILE:gen_snap> $<TARGET_FILE:gen_shape>)
    set_tests_properties(db_folded PROPERTIES TIMEOUT 300 LABELS property)
    add_test(NAME db_shapes
             COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/db_shapes.sh $<TARGET_FILE:gen_snap>
                     $<TARGET_FILE:gen_hostile> $<TARGET_FILE:gen_shape> $<TARGET_FILE:snapload> 100000)
    set_tests_properties(db_shapes PROPERTIES TIMEOUT 600 LABELS property)
endif()
