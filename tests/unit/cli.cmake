# Unit tests of tools/cli: one suite a module.
if(NOT TARGET snap_cli)
    return()
endif()
foreach(module text number json table options message output progress sniff)
    snap_test(test_cli_${module} SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_cli_${module}.c
              LIBS snap_cli LABELS unit)
    target_compile_definitions(test_cli_${module} PRIVATE _DEFAULT_SOURCE _XOPEN_SOURCE=700)
    target_include_directories(test_cli_${module} PRIVATE ${PROJECT_SOURCE_DIR}/libsnap/include)
endforeach()

# tools/info is small and needs no room of its own.
snap_test(test_cli_u64map SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_cli_u64map.c LIBS snap_info
          LABELS unit)
