# The heap database: parts of the loader, a snapshot with known answers, opening what comes.
if(TARGET snap_db)
    foreach(suite parts load open names btree table_scan ahead)
        snap_test(test_db_${suite} SOURCES unit/test_db_${suite}.c LIBS snap_db LABELS unit)
        target_compile_definitions(test_db_${suite} PRIVATE _DEFAULT_SOURCE
                                   SCHEMA_SQL="${PROJECT_SOURCE_DIR}/format/schema.sql")
    endforeach()
    # What is asked for ahead is in the compiled code, too.
    if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64|aarch64|arm64" AND
       NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
        add_test(NAME prefetch COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/prefetch.sh ${PROJECT_SOURCE_DIR}
                                       $<TARGET_OBJECTS:snap_db> $<TARGET_OBJECTS:snap_heap>
                 COMMAND_EXPAND_LISTS)
        set_tests_properties(prefetch PROPERTIES TIMEOUT 60 SKIP_RETURN_CODE 77 LABELS unit)
    endif()
endif()
