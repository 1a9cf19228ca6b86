# snapleak on real processes.
include(${CMAKE_CURRENT_LIST_DIR}/pythons.cmake)
if(SNAP_PYTHONS AND TARGET snapleak)
    snap_python_test(e2e_leak_services ${CMAKE_CURRENT_LIST_DIR}/leak_services.py ONLY_FIRST TIMEOUT 600
                     COST 30)
    snap_python_test(e2e_native_ranks ${CMAKE_CURRENT_LIST_DIR}/native_ranks.py ENDS TIMEOUT 120)
    snap_python_test(e2e_leak_causes ${CMAKE_CURRENT_LIST_DIR}/leak_causes.py ENDS TIMEOUT 300)
endif()
if(TARGET snapleak AND NOT SNAP_SANITIZE)
    foreach(program java node page)
        add_test(NAME e2e_leak_${program}
                 COMMAND ${snap_python3} ${CMAKE_CURRENT_LIST_DIR}/leak_${program}.py
                         $<TARGET_FILE_DIR:snapleak> ${CMAKE_CURRENT_BINARY_DIR}/leak_${program})
        set_tests_properties(e2e_leak_${program} PROPERTIES TIMEOUT 300 COST 20 LABELS e2e
                             SKIP_RETURN_CODE 77)
    endforeach()
endif()
