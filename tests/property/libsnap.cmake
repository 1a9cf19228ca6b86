# Property tests of libsnap.
foreach(suite roundtrip model)
    snap_test(prop_snap_${suite} SOURCES property/prop_snap_${suite}.c property/prop_snap_read.c
              LIBS snap_objects snap_gen_rows LABELS libsnap)
endforeach()

# Against the format as the specification has it, in code that shares nothing with libsnap.
add_library(snap_plain STATIC ${CMAKE_CURRENT_LIST_DIR}/prop_snap_plain.c)
target_include_directories(snap_plain PUBLIC ${CMAKE_CURRENT_LIST_DIR} PRIVATE ${XXHASH_INCLUDE})
target_link_libraries(snap_plain PRIVATE snap_flags)
foreach(suite column file)
    snap_test(prop_snap_${suite} SOURCES property/prop_snap_${suite}.c
              LIBS snap_plain snap_objects snap_gen_rows LABELS libsnap)
endforeach()
