# What the CPython agent writes, read back row by row, on every Python of the machine.
add_executable(dump_rows ${CMAKE_CURRENT_LIST_DIR}/dump_rows.c)
target_link_libraries(dump_rows PRIVATE snap_flags snap_static)

include(${CMAKE_CURRENT_LIST_DIR}/pythons.cmake)
if(SNAP_PYTHONS)
    foreach(part walk names dump faults sizes)
        snap_python_test(e2e_agent_${part} ${CMAKE_CURRENT_LIST_DIR}/agent_${part}.py
                         TIMEOUT 300 COST 15 ENVIRONMENT DUMP_ROWS=$<TARGET_FILE:dump_rows>)
    endforeach()
    # The agent is built for every Python above; here by the oldest, the newest and another setuptools.
    snap_python_test(e2e_agent_setup ${CMAKE_CURRENT_LIST_DIR}/agent_setup.py ENDS
                     TIMEOUT 300 COST 15 ENVIRONMENT DUMP_ROWS=$<TARGET_FILE:dump_rows>)
    # The system's Python, for which Debian has the packages.
    snap_python_test(e2e_agent_pytest ${CMAKE_CURRENT_LIST_DIR}/agent_pytest.py ONLY_FIRST
                     TIMEOUT 600 COST 15)
    snap_python_test(e2e_agent_numpy ${CMAKE_CURRENT_LIST_DIR}/agent_numpy.py ONLY_FIRST TIMEOUT 300
                     ENVIRONMENT DUMP_ROWS=$<TARGET_FILE:dump_rows>)
endif()
