# Importers of foreign formats, and the parsers that they are made of.
if(TARGET snap_import)
    foreach(suite cut json_stream unpickle unwrap v8)
        snap_test(test_import_${suite} SOURCES unit/test_import_${suite}.c
                  LIBS snap_import PkgConfig::ZLIB PkgConfig::ZSTD LABELS unit)
        target_compile_definitions(test_import_${suite} PRIVATE _DEFAULT_SOURCE
                                   _POSIX_C_SOURCE=200809L)
    endforeach()
    target_compile_definitions(test_import_cut PRIVATE
                               SNAP_FOREIGN="${PROJECT_SOURCE_DIR}/corpora/foreign")
endif()
