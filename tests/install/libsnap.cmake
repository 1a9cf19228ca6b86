# The installed library, and the package. Sanitizers would have to be linked into the consumers too: left out there.
if(NOT SNAP_SANITIZE)
    find_program(SNAP_CXX NAMES c++ g++ clang++)
    add_test(NAME install_libsnap
             COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/install.sh ${PROJECT_SOURCE_DIR}
                     ${PROJECT_BINARY_DIR} ${CMAKE_C_COMPILER} ${SNAP_CXX})
    set_tests_properties(install_libsnap PROPERTIES TIMEOUT 300 LABELS libsnap)
    if(SNAP_TOOLS AND PROJECT_IS_TOP_LEVEL)
        add_test(NAME install_package
                 COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/package.sh ${PROJECT_BINARY_DIR}
                         ${CMAKE_CPACK_COMMAND})
        set_tests_properties(install_package PROPERTIES TIMEOUT 300 SKIP_RETURN_CODE 77 LABELS cli)
    endif()
    if(SNAP_CPYTHON)
        string(STRIP "${CMAKE_C_COMPILER_LAUNCHER} ${CMAKE_C_COMPILER}" compiler)
        add_test(NAME install_wheel
                 COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/wheel.sh ${PROJECT_SOURCE_DIR}
                         ${PROJECT_BINARY_DIR}/tools ${compiler})
        set_tests_properties(install_wheel PROPERTIES TIMEOUT 300 SKIP_RETURN_CODE 77 LABELS e2e)
    endif()
endif()
