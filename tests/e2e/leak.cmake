# snapleak on real processes.
include(${CMAKE_CURRENT_LIST_DIR}/pythons.cmake)
if(SNAP_PYTHONS AND TARGET snapleak)
    snap_python_test(e2e_leak_causes ${CMAKE_CURRENT_LIST_DIR}/leak_causes.py TIMEOUT 300)
endif()
