# Property tests of libsnap.
snap_test(prop_snap_roundtrip SOURCES property/prop_snap_roundtrip.c
          LIBS snap_objects snap_gen_rows LABELS libsnap)
