# The specification, held against two readers that share no code.
add_executable(dump_chunks ${CMAKE_CURRENT_LIST_DIR}/dump_chunks.c)
target_link_libraries(dump_chunks PRIVATE snap_flags snap_static)
add_test(NAME two_readers
         COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/two_readers.sh $<TARGET_FILE:gen_snap>
                 $<TARGET_FILE:dump_chunks> ${CMAKE_CURRENT_LIST_DIR}/read_snap.py)
set_tests_properties(two_readers PROPERTIES TIMEOUT 300 LABELS libsnap)
