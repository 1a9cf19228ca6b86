# snapleak on real processes.
include(${CMAKE_CURRENT_LIST_DIR}/pythons.cmake)
if(SNAP_PYTHONS AND TARGET snapleak)
    snap_python_test(e2e_leak_services ${CMAKE_CURRENT_LIST_DIR}/leak_services.py ONLY_FIRST TIMEOUT 300
                     COST 30)
    snap_python_test(e2e_leak_causes ${CMAKE_CURRENT_LIST_DIR}/leak_causes.py TIMEOUT 300)
endif()
