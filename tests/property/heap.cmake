# The graph core against brute force on small random graphs.
if(TARGET snap_heap)
    add_library(heap_random STATIC ${CMAKE_CURRENT_LIST_DIR}/heap_random.c)
    target_include_directories(heap_random PUBLIC ${CMAKE_CURRENT_LIST_DIR})
    target_link_libraries(heap_random PRIVATE snap_flags PUBLIC snap_heap)

    foreach(suite analysis growth laws lists match removal)
        snap_test(test_heap_${suite} SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_heap_${suite}.c
                  LIBS heap_random snap_gen_shapes LABELS property)
    endforeach()
endif()
