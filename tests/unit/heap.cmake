# Unit tests of the graph core.
if(TARGET snap_heap)
    foreach(suite shapes memory)
        snap_test(test_heap_${suite} SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_heap_${suite}.c
                  LIBS snap_heap snap_gen_shapes LABELS unit)
    endforeach()
    foreach(suite alloc cases core order radix shared structure)
        snap_test(test_heap_${suite} SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_heap_${suite}.c
                  LIBS snap_heap heap_random LABELS unit)
    endforeach()
    foreach(function malloc calloc realloc free pages_take pages_grow pages_give)
        target_link_options(test_heap_memory PRIVATE -Wl,--wrap=${function})
    endforeach()
    # Sanitizers need more stack for themselves.
    if(NOT SNAP_SANITIZE)
        add_test(NAME test_heap_small_stack
                 COMMAND sh -c "ulimit -s 64 && exec $<TARGET_FILE:test_heap_shapes>")
        set_tests_properties(test_heap_small_stack PROPERTIES TIMEOUT 300 LABELS unit)
    endif()
endif()
