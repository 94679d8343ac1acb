#pragma once

#include "base/pack.h"
#include "jobs/runner.h"

namespace polis {

/// The whole protocol. Rank 0 is the master, all others work. A job costs about 50 bytes on its way
/// out and 100 on its way back, whatever it reads or makes: pixels, parameters and requests travel
/// through the lake.
///
///   master -> worker   settings   once before the first grant: where the lake is, what a job may
///   use master -> worker   grant      chains to run after those that it has worker -> master
///   results    what ended since the last message master -> worker   stop       finish the running
///   job, forget the rest, say bye worker -> master   bye        the last message
enum Tag : int { kSettings = 1, kGrant, kResults, kStop, kBye };

Bytes pack_settings(const WorkerSettings& settings);
Bytes pack_grant(const Grant& grant);
Bytes pack_results(const std::vector<StepResult>& results);

// Errors of all: damaged.
WorkerSettings unpack_settings(ByteView bytes);
Grant unpack_grant(ByteView bytes);
std::vector<StepResult> unpack_results(ByteView bytes);

}  // namespace polis
