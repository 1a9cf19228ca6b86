# The pure part of the CPython agent's listener: built without Python, so under sanitizers too.
set(agent_source ${PROJECT_SOURCE_DIR}/libsnap/agents/cpython/src)
snap_test(test_agent_wire SOURCES unit/test_agent_wire.c ${agent_source}/ask_wire.c LABELS unit)
target_include_directories(test_agent_wire PRIVATE ${agent_source})
