# Parts of snapexport that need no database.
if(TARGET snap_export)
    snap_test(test_export_emit SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_export_emit.c
              LIBS snap_export LABELS unit)
    target_compile_definitions(test_export_emit PRIVATE _POSIX_C_SOURCE=200809L)
endif()
