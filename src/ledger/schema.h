#pragma once

#include <string_view>

namespace polis {

/// Version of the tables below: `PRAGMA user_version` of the file.
inline constexpr int kLedgerVersion = 1;
/// Marks the file as ours: `PRAGMA application_id` ("PLIS").
inline constexpr int kLedgerApplication = 0x504C4953;

/// The tables of a ledger; docs/formats/ledger.md says the same in words, in the same order.
inline constexpr std::string_view kLedgerSchema = R"sql(
CREATE TABLE texts(id INTEGER PRIMARY KEY, text TEXT NOT NULL);
CREATE TABLE jobs(
  id INTEGER PRIMARY KEY, key BLOB NOT NULL, task INTEGER NOT NULL, job_group INTEGER NOT NULL, label TEXT NOT NULL,
  depth INTEGER NOT NULL, priority INTEGER NOT NULL, cost REAL NOT NULL, deadline_mjd REAL NOT NULL,
  keep INTEGER NOT NULL, tolerant INTEGER NOT NULL, sources BLOB NOT NULL, spec BLOB NOT NULL);
CREATE TABLE results(
  job INTEGER PRIMARY KEY, state INTEGER NOT NULL, attempts INTEGER NOT NULL, round INTEGER NOT NULL,
  wall_s REAL NOT NULL, error TEXT, reason TEXT, output BLOB, output_bytes INTEGER NOT NULL,
  requests BLOB, request_count INTEGER NOT NULL);
CREATE TABLE attempts(
  id INTEGER PRIMARY KEY, job INTEGER NOT NULL, round INTEGER NOT NULL, session INTEGER NOT NULL,
  worker INTEGER NOT NULL, ended_unix REAL NOT NULL, wall_s REAL NOT NULL, error TEXT, reason TEXT);
CREATE TABLE requests(
  job INTEGER NOT NULL, parent INTEGER NOT NULL, priority INTEGER NOT NULL, deadline_mjd REAL NOT NULL,
  reason TEXT NOT NULL, label TEXT NOT NULL, PRIMARY KEY(job, parent)) WITHOUT ROWID;
CREATE TABLE dropped(
  parent INTEGER NOT NULL, cause TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY(parent, cause)) WITHOUT ROWID;
CREATE TABLE manifests(
  id INTEGER PRIMARY KEY, round INTEGER NOT NULL, digest BLOB NOT NULL, requests INTEGER NOT NULL,
  UNIQUE(round, digest));
CREATE TABLE rounds(
  round INTEGER PRIMARY KEY, closed INTEGER NOT NULL, jobs INTEGER NOT NULL, done INTEGER NOT NULL,
  failed INTEGER NOT NULL, asked INTEGER NOT NULL, admitted INTEGER NOT NULL, dropped INTEGER NOT NULL,
  began_unix REAL NOT NULL, wall_s REAL NOT NULL, busy_s REAL NOT NULL, idle_s REAL NOT NULL);
CREATE TABLE orders(
  round INTEGER NOT NULL, number INTEGER NOT NULL, digest BLOB NOT NULL, PRIMARY KEY(round, number)) WITHOUT ROWID;
CREATE TABLE sessions(
  id INTEGER PRIMARY KEY, host TEXT NOT NULL, version TEXT NOT NULL, workers INTEGER NOT NULL,
  began_unix REAL NOT NULL, ended_unix REAL);
)sql";

}  // namespace polis
