# The graph core's benchmark: built with the tests, not run by them.
if(TARGET snap_heap)
    add_executable(bench_graph ${CMAKE_CURRENT_LIST_DIR}/bench_graph.c)
    target_compile_definitions(bench_graph PRIVATE _POSIX_C_SOURCE=200809L)
    target_link_libraries(bench_graph PRIVATE snap_flags snap_heap snap_gen_shapes)
endif()
