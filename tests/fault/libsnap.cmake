# Exhausted memory and failing input and output for libsnap.
foreach(suite memory io)
    snap_test(fault_snap_${suite} SOURCES fault/fault_snap_${suite}.c
              LIBS snap_objects snap_gen_rows LABELS libsnap)
    target_compile_definitions(fault_snap_${suite} PRIVATE _GNU_SOURCE)
endforeach()
