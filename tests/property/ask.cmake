# snaptop, snappath, snapshow against brute force on random heaps.
if(TARGET snaptop)
    find_package(Python3 COMPONENTS Interpreter REQUIRED)
    add_test(NAME ask_random
             COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/ask_random.py
                     --bin $<TARGET_FILE_DIR:snaptop>)
    set_tests_properties(ask_random PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 300 LABELS property)
endif()
