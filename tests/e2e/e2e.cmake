# Real Python processes, asked for captures while they run.
include(${CMAKE_CURRENT_LIST_DIR}/pythons.cmake)
if(SNAP_PYTHONS)
    snap_python_test(e2e_ask_listener ${CMAKE_CURRENT_LIST_DIR}/ask_listener.py TIMEOUT 300 COST 15)
    snap_python_test(e2e_ask_command ${CMAKE_CURRENT_LIST_DIR}/ask_command.py ENDS TIMEOUT 120)
    snap_python_test(e2e_process_shapes ${CMAKE_CURRENT_LIST_DIR}/process_shapes.py ENDS
                     TIMEOUT 300 COST 15)
    # What a kill leaves does not depend on the version of Python.
    snap_python_test(e2e_process_kill ${CMAKE_CURRENT_LIST_DIR}/process_kill.py TIMEOUT 300 COST 25
                     ONLY_FIRST)
    snap_python_test(e2e_process_gunicorn ${CMAKE_CURRENT_LIST_DIR}/process_gunicorn.py ENDS
                     TIMEOUT 180)
    snap_python_test(e2e_deep ${CMAKE_CURRENT_LIST_DIR}/process_shapes.py
                     TIMEOUT 600 COST 25 ONLY_FIRST
                     ENVIRONMENT HEAPSNAP_BIG=1 HEAPSNAP_ONLY=Deep)
endif()
if(SNAP_PYTHONS AND TARGET snapdiff AND TARGET snapsql)
    add_test(NAME e2e_quickstart COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/quickstart.sh
             ${PROJECT_SOURCE_DIR})
    set_tests_properties(e2e_quickstart PROPERTIES TIMEOUT 600 COST 40 LABELS e2e)
endif()
