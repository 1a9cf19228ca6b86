# snaptop, snappath, snapshow: questions about one snapshot. graph_*.c reads its references back.
set(db ${PROJECT_SOURCE_DIR}/tools/db)
add_library(snap_ask STATIC
    ${db}/graph_load.c ${db}/graph_shared.c ${db}/graph_set.c ${db}/graph_hold.c ${db}/graph_chain.c ${db}/graph_step.c
    ${db}/graph_disjoint.c ${db}/graph_search.c
    subject.c subject_name.c database.c path_text.c path_print.c path_visit.c path_merge.c path_lines.c path_type.c
    top_list.c top_object.c top_group.c top_named.c top_exact.c top_print.c
    show_load.c show_refs.c show_print.c show_json.c)
target_include_directories(snap_ask PRIVATE ${PROJECT_SOURCE_DIR}/libsnap/include)
target_compile_definitions(snap_ask PRIVATE _DEFAULT_SOURCE _POSIX_C_SOURCE=200809L)
target_link_libraries(snap_ask PUBLIC snap_db PRIVATE snap_flags)
