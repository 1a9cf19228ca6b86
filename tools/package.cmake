# The Debian package, made by `cpack --config BUILD/CPackConfig.cmake` (generator DEB): all that is
# installed, and the CPython agent where it was built for the system's own python3. Library
# dependencies are read off the executables.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME snap-toolkit) # `snap` is another package
set(CPACK_PACKAGE_VENDOR "The snap maintainers")
set(CPACK_PACKAGE_CONTACT "The snap maintainers <maintainers@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "heap snapshots: format, library, capture agents and tools")
set(CPACK_PACKAGE_DESCRIPTION "Captures the heap of a running process into one small file, turns it
into an SQLite database with exact retained sizes, and names what grew between
two captures and who owns it.")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR})
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/tools/package_strip.cmake)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS python3)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${PROJECT_SOURCE_DIR}/tools/debian/prerm)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
# Debian's tools refuse folders that a strict umask would have made unreadable.
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)

# Only Debian's own python3 looks in dist-packages; another one gets the agent from pip.
if(TARGET heapsnap)
    get_target_property(python heapsnap HEAPSNAP_PYTHON)
    execute_process(COMMAND ${python} -c "import sys; print(sys.prefix)"
                    OUTPUT_VARIABLE python_prefix OUTPUT_STRIP_TRAILING_WHITESPACE)
    if(python_prefix STREQUAL "/usr")
        install(DIRECTORY ${PROJECT_BINARY_DIR}/python/heapsnap
                DESTINATION lib/python3/dist-packages COMPONENT agent EXCLUDE_FROM_ALL
                PATTERN __pycache__ EXCLUDE)
        foreach(component ALL agent)
            list(APPEND CPACK_INSTALL_CMAKE_PROJECTS
                 ${PROJECT_BINARY_DIR} ${PROJECT_NAME} ${component} /)
        endforeach()
    else()
        message(STATUS "package: without the CPython agent, which is for ${python}")
    endif()
endif()
include(CPack)
