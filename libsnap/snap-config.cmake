# find_package(snap): the targets snap::snap (shared) and snap::snap_static.
include(CMakeFindDependencyMacro)
find_dependency(PkgConfig)
pkg_check_modules(ZSTD REQUIRED QUIET IMPORTED_TARGET libzstd>=1.5.0)
include(${CMAKE_CURRENT_LIST_DIR}/snap-targets.cmake)
