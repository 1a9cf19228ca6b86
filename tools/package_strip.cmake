# Run by cpack before it packs: takes the debugging information, which names the build's folders,
# out of the files that cpack does not strip itself: static libraries and Python extensions.
find_program(STRIP strip REQUIRED)
file(GLOB_RECURSE files ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/*.a
     ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/*.so)
list(FILTER files INCLUDE REGEX "\\.a$|/dist-packages/")
foreach(file IN LISTS files)
    execute_process(COMMAND ${STRIP} --strip-debug --enable-deterministic-archives ${file}
                    COMMAND_ERROR_IS_FATAL ANY)
endforeach()
