# heapsnap_agent(TARGET name PYTHON interpreter FOLDER folder): the package heapsnap for one Python,
# extension module and Python files, in `folder` (which ends in /heapsnap). The interpreter must be
# a CPython whose headers are there. Needs the target snap_objects and XXHASH_INCLUDE.
include_guard(GLOBAL)

function(heapsnap_agent)
    cmake_parse_arguments(arg "" "TARGET;PYTHON;FOLDER" "" ${ARGN})
    # What the interpreter says of itself; nothing is guessed from paths.
    execute_process(COMMAND ${arg_PYTHON} -c "import sysconfig
print(sysconfig.get_path('include'), sysconfig.get_config_var('EXT_SUFFIX'), sep='\\n', end='')"
        OUTPUT_VARIABLE facts COMMAND_ERROR_IS_FATAL ANY)
    string(REPLACE "\n" ";" facts "${facts}")
    list(GET facts 0 include)
    list(GET facts 1 suffix)

    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/src/*.c)
    add_library(${arg_TARGET} MODULE ${sources} $<TARGET_OBJECTS:snap_objects>)
    # CPython's own headers use GNU extensions and conversions that our warnings would flood.
    target_include_directories(${arg_TARGET} SYSTEM PRIVATE ${include})
    target_include_directories(${arg_TARGET} PRIVATE ${PROJECT_SOURCE_DIR}/libsnap/include
                               ${XXHASH_INCLUDE})
    set_target_properties(${arg_TARGET} PROPERTIES
        C_EXTENSIONS ON C_VISIBILITY_PRESET hidden
        PREFIX "" OUTPUT_NAME _heapsnap SUFFIX ${suffix}
        LIBRARY_OUTPUT_DIRECTORY ${arg_FOLDER}
        LINK_DEPENDS ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/src/module.map)
    # Only the compressor is needed, and inside, so that no other zstd in the process is touched.
    find_library(ZSTD_STATIC NAMES libzstd.a)
    if(ZSTD_STATIC)
        target_link_libraries(${arg_TARGET} PRIVATE snap_flags ${ZSTD_STATIC} pthread dl)
    else()
        target_link_libraries(${arg_TARGET} PRIVATE snap_flags PkgConfig::ZSTD pthread dl)
    endif()
    target_link_options(${arg_TARGET} PRIVATE
        -Wl,--version-script=${CMAKE_CURRENT_FUNCTION_LIST_DIR}/src/module.map -Wl,--gc-sections)

    file(GLOB files CONFIGURE_DEPENDS ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/heapsnap/*.py
         ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/heapsnap/*.pyi ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/heapsnap/py.typed)
    foreach(file IN LISTS files)
        get_filename_component(name ${file} NAME)
        configure_file(${file} ${arg_FOLDER}/${name} COPYONLY)
    endforeach()
endfunction()
