#include "app/app.h"
#include "base/memory.h"
#include "mpi/program.h"
#include "tasks/tasks.h"

int main(int argc, char** argv) {
  polis::return_freed_images();
  const polis::TaskTable tasks(polis::all_tasks());
  return polis::run_program(argc, argv, tasks, polis::app_main);
}
