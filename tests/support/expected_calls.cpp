#include "tests/support/expected_calls.hpp"

#include <utility>

namespace ior::test {

CallsByTask expected_calls(const History& history, const CallFilter& filter) {
  CallsByTask expected;
  for (const auto& [task, calls] : history.calls) {
    bool after_loss = false;
    std::uint64_t last_exit_ns = 0;
    for (const TrueCall& truth : calls) {
      after_loss = after_loss || truth.after_loss;
      SeenCall call = truth.call;
      if (!call.comm.contains(filter.comm) ||
          !(call.path.contains(filter.path) || call.old_path.contains(filter.path))) {
        continue;
      }
      call.gap_ns = last_exit_ns == 0 ? 0 : call.enter_ns - last_exit_ns;
      call.after_loss = std::exchange(after_loss, false);
      last_exit_ns = call.enter_ns + call.duration_ns;
      expected[task].push_back(std::move(call));
    }
  }
  return expected;
}

CallsByTask by_task(const History& history, const std::vector<SeenCall>& calls) {
  CallsByTask grouped;
  for (const SeenCall& call : calls) {
    const auto task = history.task_of_enter_ns.find(call.enter_ns);
    grouped[task == history.task_of_enter_ns.end() ? 0 : task->second].push_back(call);
  }
  return grouped;
}

}  // namespace ior::test
