# The heap database: parts of the loader, a snapshot with known answers, opening what comes.
if(TARGET snap_db)
    foreach(suite parts load open names btree)
        snap_test(test_db_${suite} SOURCES unit/test_db_${suite}.c LIBS snap_db LABELS unit)
        target_compile_definitions(test_db_${suite} PRIVATE _DEFAULT_SOURCE
                                   SCHEMA_SQL="${PROJECT_SOURCE_DIR}/format/schema.sql")
    endforeach()
endif()
