# Tests that are scripts: each a row here. Exit code 77 means skipped, with the reason as the last line.
# polis_script_test(<name> <seconds> <command>...)
function(polis_script_test name seconds)
  add_test(NAME ${name} COMMAND ${ARGN})
  set_tests_properties(${name} PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT ${seconds}
    ENVIRONMENT "POLIS_BUILD=${PROJECT_BINARY_DIR};POLIS_SOURCE=${PROJECT_SOURCE_DIR};POLIS_PYTHON=${Python3_EXECUTABLE}")
endfunction()

polis_script_test(house.floors 60 ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/tests/house/check_floors.py ${PROJECT_SOURCE_DIR})

# Fake tasks under MPI: same products for any number of ranks, after any kill, beside any bad job.
add_executable(engine_program faults/engine_program.cpp jobs/fake_tasks_helpers.cpp)
target_include_directories(engine_program PRIVATE ${PROJECT_SOURCE_DIR}/tests)
target_compile_options(engine_program PRIVATE ${POLIS_WARNINGS} ${POLIS_CODEGEN})
target_link_libraries(engine_program PRIVATE polis_mpi)
foreach(fault same_for_any_ranks killed_and_resumed bad_jobs crashing_job)
  polis_script_test(faults.${fault} 1500 ${PROJECT_SOURCE_DIR}/tests/faults/${fault}.sh)
  set_tests_properties(faults.${fault} PROPERTIES RUN_SERIAL TRUE)
endforeach()

# The real night.
foreach(fault night_same_bytes slurm_night)
  polis_script_test(faults.${fault} 1500 ${PROJECT_SOURCE_DIR}/tests/faults/${fault}.sh $<TARGET_FILE:polis>)
  set_tests_properties(faults.${fault} PROPERTIES RUN_SERIAL TRUE)
endforeach()
