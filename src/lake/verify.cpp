#include "lake/verify.h"

#include "base/error.h"

namespace polis {
namespace {

void check(const Lake& lake, const LakeEntry& entry, LakeCheck& result) {
  try {
    lake.get(entry.digest, entry.kind);
    result.bytes += entry.size;
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::damaged) {
      result.damaged.push_back(entry);
    } else {
      result.unreadable.emplace_back(error.what());
    }
  }
}

}  // namespace

LakeCheck verify(const Lake& lake, const std::function<void(const LakeEntry&)>& progress) {
  // Listed first: setting objects aside while a folder is being read would disturb the listing.
  std::vector<LakeEntry> entries;
  lake.each([&](const LakeEntry& entry) { entries.push_back(entry); });
  LakeCheck result;
  for (const LakeEntry& entry : entries) {
    ++result.objects;
    check(lake, entry, result);
    if (progress) progress(entry);
  }
  return result;
}

}  // namespace polis
