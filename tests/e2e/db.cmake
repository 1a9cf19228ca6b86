# Heaps of every Python, captured, loaded and asked.
include(${CMAKE_CURRENT_LIST_DIR}/pythons.cmake)
if(SNAP_PYTHONS AND TARGET snapload)
    snap_python_test(e2e_db ${CMAKE_CURRENT_LIST_DIR}/db_python.py TIMEOUT 300
                     ENVIRONMENT DUMP_ROWS=$<TARGET_FILE:dump_rows>)
    snap_python_test(e2e_memory_map ${CMAKE_CURRENT_LIST_DIR}/memory_map.py ENDS TIMEOUT 180)
endif()
