# Exports read by the tools that the formats are for.
include(${CMAKE_CURRENT_LIST_DIR}/pythons.cmake)
if(SNAP_PYTHONS AND TARGET snapexport)
    snap_python_test(e2e_export ${CMAKE_CURRENT_LIST_DIR}/export.py TIMEOUT 600 COST 20 ONLY_FIRST
                     ENVIRONMENT SNAP_EXPORT_WORK=${CMAKE_CURRENT_BINARY_DIR}/export
                                 SNAP_V8_WORK=${CMAKE_CURRENT_BINARY_DIR}/import_v8)
    list(GET SNAP_PYTHON_VERSIONS 0 first)
    set_tests_properties(e2e_export_${first} PROPERTIES RESOURCE_LOCK v8_originals)
endif()
