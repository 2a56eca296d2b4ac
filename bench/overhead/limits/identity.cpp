#include "limits/identity.hpp"

#include <fmt/format.h>

#include <cstdlib>

namespace ior::overhead {
namespace {

std::string causes_text(const Counts& lost) {
  std::string text;
  for (const auto& [cause, calls] : lost) {
    if (calls != 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", cause, calls);
  }
  return text.empty() ? "none" : text;
}

}  // namespace

std::vector<Verdict> judge_identity(const std::string& name, const IorReport& report,
                                    const LoadResult& made) {
  std::vector<Verdict> verdicts;
  for (const auto& [call, count] : made.calls) {
    const auto row = report.syscalls.find(call);
    const bool is_there = row != report.syscalls.end();
    verdicts.push_back(equal(fmt::format("{}: calls of {} by the kernel's totals", name, call),
                             is_there ? row->second.calls : 0, count));
    if (!is_there) continue;
    verdicts.push_back(equal(fmt::format("{}: calls of {} recorded and missing", name, call),
                             row->second.recorded + row->second.missing, count));
  }
  verdicts.push_back(equal(
      fmt::format("{}: recorded {} and lost ({})", name, report.recorded, causes_text(report.lost)),
      report.recorded + total(report.lost), made.total_calls));
  verdicts.push_back(equal(fmt::format("{}: unexplained", name),
                           static_cast<std::uint64_t>(std::abs(report.unexplained)), 0));
  return verdicts;
}

}  // namespace ior::overhead
