#pragma once

#include <string>
#include <vector>

#include "ledger/job_book.h"

namespace polis {

/// A job that brings its whole process down (a segmentation fault in a library) can report nothing.
/// So that the next run knows which job it was, the dying process leaves a note, a file
/// `crash.PROCESS` with the job's number. A process that is killed from outside leaves none.
void leave_crash_notes_in(const std::string& folder);
/// The job that runs now; 0: none.
void note_running_job(JobId job);
/// Reads the notes and takes them away.
std::vector<JobId> take_crash_notes(const std::string& folder);

}  // namespace polis
