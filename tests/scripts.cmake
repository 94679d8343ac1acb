# Tests that are scripts: each a row here. Exit code 77 means skipped, with the reason as the last line.
# polis_script_test(<name> <seconds> <command>...)
function(polis_script_test name seconds)
  add_test(NAME ${name} COMMAND ${ARGN})
  set_tests_properties(${name} PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT ${seconds}
    ENVIRONMENT "POLIS_BUILD=${PROJECT_BINARY_DIR};POLIS_SOURCE=${PROJECT_SOURCE_DIR}")
endfunction()

polis_script_test(house.floors 60 ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/tests/house/check_floors.py ${PROJECT_SOURCE_DIR})
