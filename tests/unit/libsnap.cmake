# Unit tests of libsnap. They link the objects, so that what is hidden is within reach.
foreach(suite roundtrip)
    snap_test(test_snap_${suite} SOURCES unit/test_snap_${suite}.c LIBS snap_objects LABELS libsnap)
endforeach()
