# The page of snapreport in a real browser, where there is one (Debian's chromium-headless-shell or
# another Chromium).
include(${CMAKE_CURRENT_LIST_DIR}/pythons.cmake)
if(SNAP_PYTHONS AND TARGET snapreport)
    snap_python_test(e2e_page_browser ${CMAKE_CURRENT_LIST_DIR}/page_browser.py TIMEOUT 300 COST 20
                     ONLY_FIRST
                     ENVIRONMENT SNAP_SCREENSHOTS=${CMAKE_CURRENT_BINARY_DIR}/screenshots)
    list(GET SNAP_PYTHON_VERSIONS 0 first_version)
    list(GET SNAP_PYTHONS 0 first_python)
    add_custom_target(update-picture
        COMMAND ${CMAKE_COMMAND} -E env PYTHONDONTWRITEBYTECODE=1
                PYTHONPATH=${CMAKE_BINARY_DIR}/python-${first_version}
                SNAP_TOOLS=$<TARGET_FILE_DIR:snapload>
                SNAP_PICTURE=${PROJECT_SOURCE_DIR}/tools/page/page.png
                ${first_python} ${CMAKE_CURRENT_LIST_DIR}/page_browser.py
        DEPENDS heapsnap_agent_${first_version} snapreport snaptop snapleak snapdiff snappath
        USES_TERMINAL COMMENT "Making the picture of README.md, tools/page/page.png")
endif()
