# Parts of snapdiff: on hand-made data, and how databases are read.
if(TARGET snap_diff)
    foreach(suite names rules hold kin slope collection)
        snap_test(test_diff_${suite} SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_diff_${suite}.c
                  LIBS snap_diff LABELS unit)
        target_include_directories(test_diff_${suite} PRIVATE ${PROJECT_SOURCE_DIR}/libsnap/include)
    endforeach()
endif()
