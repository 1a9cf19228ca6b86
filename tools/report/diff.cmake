# Comparison of snapshots: reading (../db/diff_*), comparing and telling.
set(db ${PROJECT_SOURCE_DIR}/tools/db)
add_library(snap_diff STATIC
    ${db}/diff_about.c ${db}/diff_facts.c ${db}/diff_find.c ${db}/diff_held.c ${db}/diff_kin.c ${db}/diff_name.c ${db}/diff_name_canon.c ${db}/diff_name_place.c ${db}/diff_name_search.c ${db}/diff_place.c ${db}/diff_rowmap.c ${db}/diff_rows.c
    ${db}/diff_sign.c ${db}/diff_step.c ${db}/diff_texts.c ${db}/diff_variable.c
    diff_baseline.c diff_build.c diff_course.c diff_fill.c diff_follow.c diff_interval.c diff_json.c
    diff_junit.c
    diff_limit.c diff_lines.c diff_lists.c diff_markdown.c diff_match.c diff_sarif.c diff_sites.c
    diff_store.c diff_tally.c diff_text.c diff_text_owner.c diff_trend.c diff_verdict.c diff_words.c
    result.c slope.c)
target_include_directories(snap_diff PRIVATE ${PROJECT_SOURCE_DIR}/libsnap/include)
target_compile_definitions(snap_diff PRIVATE _DEFAULT_SOURCE _POSIX_C_SOURCE=200809L)
find_package(Threads REQUIRED)
target_link_libraries(snap_diff PUBLIC snap_db Threads::Threads PRIVATE snap_flags PkgConfig::CJSON m)
