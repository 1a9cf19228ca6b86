# The installed library. Sanitizers would have to be linked into the consumers too: left out there.
if(NOT SNAP_SANITIZE)
    find_program(SNAP_CXX NAMES c++ g++ clang++)
    add_test(NAME install_libsnap
             COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/install.sh ${PROJECT_SOURCE_DIR}
                     ${PROJECT_BINARY_DIR} ${CMAKE_C_COMPILER} ${SNAP_CXX})
    set_tests_properties(install_libsnap PROPERTIES TIMEOUT 300 LABELS libsnap)
endif()
