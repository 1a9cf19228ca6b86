# What the CPython agent writes, read back row by row, on every Python of the machine.
add_executable(dump_rows ${CMAKE_CURRENT_LIST_DIR}/dump_rows.c)
target_link_libraries(dump_rows PRIVATE snap_flags snap_static)
