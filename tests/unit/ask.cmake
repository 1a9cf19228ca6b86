# The parts of the query commands that need no database.
if(TARGET snap_ask)
    snap_test(test_ask_paths SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_ask_paths.c
              LIBS snap_ask LABELS unit)
    target_include_directories(test_ask_paths PRIVATE ${PROJECT_SOURCE_DIR}/libsnap/include)
endif()
