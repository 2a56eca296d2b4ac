// Which steps there are, and how often each is taken.
#include "tests/e2e/fd_steps/steps.hpp"

namespace fd_steps {
namespace {

struct Kind {
  int weight;
  Step step;
  bool is_turn = true;
};

constexpr Kind kKinds[] = {
    {24, open_file},          {3, reopen_fd},
    {6, open_unnamed},        {4, open_pair},
    {12, duplicate},          {8, close_one},
    {3, close_many},          {8, check_one},
    {3, make_directory},      {12, rename_path},
    {3, link_path},           {6, remove_path},
    {4, change_directory},    {2, mount_directory},
    {3, pass_to_itself},      {3, post_fd},
    {4, take_posted_fd},      {4, take_fd_of_process},
    {5, fork_process, false}, {1, unshare_table, false},
    {3, exec_itself, false},  {3, change_cpu, false},
    {20, make_requests},
};

constexpr int total_weight() {
  int total = 0;
  for (const Kind& kind : kKinds) total += kind.weight;
  return total;
}

const Kind& some_kind(Choice& choice) {
  int left = choice.below(total_weight());
  const Kind* kind = kKinds;
  while (left >= kind->weight) left -= kind++->weight;
  return *kind;
}

}  // namespace

void take_steps(Actor& actor, std::uint32_t steps) {
  while (actor.step < std::min(steps, actor.steps)) {
    Choice choice(actor.script, actor.step++);
    const Kind& kind = some_kind(choice);
    const Turn turn(kind.is_turn && actor.takes_turns);
    kind.step(actor, choice);
  }
}

}  // namespace fd_steps
