# snaptop, snappath, snapshow against brute force on random heaps, and on databases that lie.
if(TARGET snaptop)
    foreach(name ask_random ask_hostile)
        add_test(NAME ${name} COMMAND ${snap_python3} ${CMAKE_CURRENT_LIST_DIR}/${name}.py
                                      --bin $<TARGET_FILE_DIR:snaptop>)
        set_tests_properties(${name} PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 600 COST 20 LABELS property)
    endforeach()
endif()
