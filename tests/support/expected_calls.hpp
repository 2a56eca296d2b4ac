// What is to come out of a made-up history of threads (kernel_history.hpp), task by task.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "actors/pairer.hpp"
#include "tests/support/kernel_history.hpp"
#include "tests/support/seen_calls.hpp"

namespace ior::test {

using CallsByTask = std::map<std::uint32_t, std::vector<SeenCall>>;

// What is to come out of a history, and what did. Tasks without a call are in neither.
CallsByTask expected_calls(const History& history, const CallFilter& filter = {});
CallsByTask by_task(const History& history, const std::vector<SeenCall>& calls);

}  // namespace ior::test
