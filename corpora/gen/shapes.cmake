# Graph shapes for tests and benchmarks.
add_library(snap_gen_shapes STATIC ${CMAKE_CURRENT_LIST_DIR}/shapes.c)
target_include_directories(snap_gen_shapes PUBLIC ${CMAKE_CURRENT_LIST_DIR})
target_link_libraries(snap_gen_shapes PRIVATE snap_flags)
add_executable(gen_shape ${CMAKE_CURRENT_LIST_DIR}/gen_shape.c)
target_link_libraries(gen_shape PRIVATE snap_flags snap_gen_shapes snap_static)
