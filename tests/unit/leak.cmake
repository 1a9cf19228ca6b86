# Parts of snapleak that need no database.
if(TARGET snap_leak)
    snap_test(test_leak_rules SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_leak_rules.c
              LIBS snap_leak LABELS unit)
    snap_test(test_leak_together SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_leak_together.c
              LIBS snap_leak heap_random LABELS unit)
    snap_test(test_leak_fold SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_leak_fold.c
              LIBS snap_leak LABELS unit)
endif()
