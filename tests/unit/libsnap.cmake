# Unit tests of libsnap. They link the objects, so that what is hidden is within reach.
foreach(suite column rows roundtrip rules damage hostile threads io joiner codec gaps limits)
    snap_test(test_snap_${suite} SOURCES unit/test_snap_${suite}.c
              LIBS snap_objects snap_gen_rows LABELS libsnap)
endforeach()
find_package(Threads REQUIRED)
foreach(suite rules threads gaps)
    target_link_libraries(test_snap_${suite} PRIVATE Threads::Threads)
endforeach()
foreach(function read pread pread64 write poll fsync close linkat unlinkat renameat getentropy open
                 open64)
    target_link_options(test_snap_io PRIVATE -Wl,--wrap=${function})
endforeach()
