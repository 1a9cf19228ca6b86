# The generator of snapshot files, and its rows as a library for tests.
add_library(snap_gen_rows STATIC ${CMAKE_CURRENT_LIST_DIR}/random_rows.c
                                 ${CMAKE_CURRENT_LIST_DIR}/real_rows.c)
target_include_directories(snap_gen_rows PUBLIC ${CMAKE_CURRENT_LIST_DIR}
                           ${PROJECT_SOURCE_DIR}/libsnap/include)
target_link_libraries(snap_gen_rows PRIVATE snap_flags)
add_executable(gen_snap ${CMAKE_CURRENT_LIST_DIR}/gen_snap.c)
target_link_libraries(gen_snap PRIVATE snap_flags snap_gen_rows snap_static)
add_executable(gen_hostile ${CMAKE_CURRENT_LIST_DIR}/gen_hostile.c)
target_link_libraries(gen_hostile PRIVATE snap_flags snap_static)
