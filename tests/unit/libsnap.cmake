# Unit tests of libsnap. They link the objects, so that what is hidden is within reach.
foreach(suite column roundtrip damage hostile)
    snap_test(test_snap_${suite} SOURCES unit/test_snap_${suite}.c
              LIBS snap_objects snap_gen_rows LABELS libsnap)
endforeach()
