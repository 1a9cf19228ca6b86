# The page of snapreport in a real browser, where there is one (Debian's chromium-headless-shell or
# another Chromium).
include(${CMAKE_CURRENT_LIST_DIR}/pythons.cmake)
if(SNAP_PYTHONS AND TARGET snapreport)
    snap_python_test(e2e_page_browser ${CMAKE_CURRENT_LIST_DIR}/page_browser.py TIMEOUT 300 COST 20
                     ONLY_FIRST
                     ENVIRONMENT SNAP_SCREENSHOTS=${CMAKE_CURRENT_BINARY_DIR}/screenshots)
endif()
