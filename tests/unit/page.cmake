# Parts of snapreport that need no database.
if(TARGET snap_page)
    snap_test(test_page_text SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_page_text.c
              LIBS snap_page LABELS unit)
    target_compile_definitions(test_page_text PRIVATE _POSIX_C_SOURCE=200809L)
endif()
