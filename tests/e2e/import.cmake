# Dumps written by other runtimes where this machine has them, and their own tools.
if(TARGET snapload AND TARGET snapdiff AND TARGET snappath)
    foreach(runtime hprof hprof_made visualvm v8 foreign)
        add_test(NAME e2e_import_${runtime}
                 COMMAND ${snap_python3} ${CMAKE_CURRENT_LIST_DIR}/import_${runtime}.py
                         $<TARGET_FILE_DIR:snapload> ${CMAKE_CURRENT_BINARY_DIR}/import_${runtime})
        set_tests_properties(e2e_import_${runtime} PROPERTIES TIMEOUT 600 COST 20 LABELS e2e
                             SKIP_RETURN_CODE 77)
    endforeach()
    # DevTools and memlab are installed once, for the exports, too.
    set_tests_properties(e2e_import_v8 PROPERTIES RESOURCE_LOCK v8_originals)
endif()
# What is answered, not how: the importers have run under the sanitizers by here.
if(TARGET snapload AND TARGET snapdiff AND NOT SNAP_SANITIZE)
    foreach(runtime node java)
        add_test(NAME e2e_diff_${runtime}
                 COMMAND ${snap_python3} ${CMAKE_CURRENT_LIST_DIR}/diff_${runtime}.py
                         $<TARGET_FILE_DIR:snapdiff> ${CMAKE_CURRENT_BINARY_DIR}/diff_${runtime})
        set_tests_properties(e2e_diff_${runtime} PROPERTIES TIMEOUT 300 COST 20 LABELS e2e
                             SKIP_RETURN_CODE 77)
    endforeach()
    if(TARGET snapconvert AND TARGET gen_snap)
        add_test(NAME e2e_convert
                 COMMAND ${snap_python3} ${CMAKE_CURRENT_LIST_DIR}/convert.py
                         $<TARGET_FILE_DIR:snapdiff> $<TARGET_FILE_DIR:gen_snap>
                         ${CMAKE_CURRENT_BINARY_DIR}/convert)
        set_tests_properties(e2e_convert PROPERTIES TIMEOUT 900 COST 20 LABELS e2e)
    endif()
endif()
include(${CMAKE_CURRENT_LIST_DIR}/pythons.cmake)
if(SNAP_PYTHONS AND TARGET snapconvert)
    snap_python_test(e2e_convert_merge ${CMAKE_CURRENT_LIST_DIR}/convert_merge.py ONLY_FIRST
                     TIMEOUT 120)
endif()
