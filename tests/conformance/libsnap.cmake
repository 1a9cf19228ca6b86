# The specification, held against two readers that share no code.
add_executable(dump_chunks ${CMAKE_CURRENT_LIST_DIR}/dump_chunks.c)
target_link_libraries(dump_chunks PRIVATE snap_flags snap_static)
add_test(NAME two_readers
         COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/two_readers.sh $<TARGET_FILE:gen_snap>
                 $<TARGET_FILE:dump_chunks> ${CMAKE_CURRENT_LIST_DIR}/read_snap.py)
set_tests_properties(two_readers PROPERTIES TIMEOUT 300 LABELS libsnap)

# The corpora, through the reader and every command.
add_executable(first_damage ${CMAKE_CURRENT_LIST_DIR}/first_damage.c)
target_link_libraries(first_damage PRIVATE snap_flags snap_static)
set(check_corpora ${snap_python3} ${CMAKE_CURRENT_LIST_DIR}/check_corpora.py
                  --bin ${PROJECT_BINARY_DIR}/tools --bin ${CMAKE_CURRENT_BINARY_DIR})
if(SNAP_TOOLS)
    add_test(NAME corpora COMMAND ${check_corpora})
    set_tests_properties(corpora PROPERTIES TIMEOUT 600 COST 25 LABELS libsnap)
endif()
add_custom_target(update-corpora COMMAND ${check_corpora} --update USES_TERMINAL
                  COMMENT "Writing what is seen now over the expectations in corpora")

# The machine-readable description, through somebody else's compiler: nothing of ours to sanitize that
# two_readers does not run.
if(NOT SNAP_SANITIZE)
    add_test(NAME two_languages
             COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/two_languages.sh ${PROJECT_SOURCE_DIR}
                     ${CMAKE_CURRENT_BINARY_DIR} $<TARGET_FILE:gen_snap> $<TARGET_FILE:dump_chunks>)
    set_tests_properties(two_languages PROPERTIES TIMEOUT 600 COST 20 LABELS libsnap
                         SKIP_RETURN_CODE 77)
endif()

# Valid files that are hard on readers; hostile.py --full is the long version.
if(SNAP_TOOLS AND NOT SNAP_SANITIZE) # whose memory says nothing
    add_test(NAME hostile_valid
             COMMAND ${snap_python3} ${CMAKE_CURRENT_LIST_DIR}/hostile.py
                     --bin ${PROJECT_BINARY_DIR}/tools --bin ${PROJECT_BINARY_DIR}/corpora/gen)
    set_tests_properties(hostile_valid PROPERTIES TIMEOUT 600 COST 20 LABELS libsnap)
endif()
