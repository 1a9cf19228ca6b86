# snapdiff on real processes.
include(${CMAKE_CURRENT_LIST_DIR}/pythons.cmake)
if(SNAP_PYTHONS AND TARGET snapdiff)
    snap_python_test(e2e_diff_pairs ${CMAKE_CURRENT_LIST_DIR}/diff_pairs.py ENDS TIMEOUT 300)
    snap_python_test(e2e_diff_structures ${CMAKE_CURRENT_LIST_DIR}/diff_structures.py ENDS TIMEOUT 300)
    snap_python_test(e2e_diff_words ${CMAKE_CURRENT_LIST_DIR}/diff_words.py ENDS TIMEOUT 600
                     COST 25)
endif()
