# Benchmarks of libsnap: built with the tests, not run by them.
foreach(bench rows edges)
    add_executable(bench_${bench} ${CMAKE_CURRENT_LIST_DIR}/bench_${bench}.c)
    target_compile_definitions(bench_${bench} PRIVATE _POSIX_C_SOURCE=200809L)
    target_link_libraries(bench_${bench} PRIVATE snap_flags)
endforeach()
target_link_libraries(bench_rows PRIVATE snap_static) # the public interface alone
target_link_libraries(bench_edges PRIVATE snap_objects)
