#include "figures.hpp"

#include <gtest/gtest.h>

#include "tests/builders.hpp"

namespace ior::overhead {
namespace {

WorkloadRuns runs() {
  return {
      "rw1",
      1000,
      {series(kUntraced, Role::floor, {100, 200, 102}),
       series(kEmpty, Role::floor, {140, 240, 142}), series(kBare, Role::floor, {220, 320, 222}),
       series(kIorRecord, Role::ior, {214, 314, 222})}};
}

TEST(Figures, each_round_is_compared_with_its_own_untraced_run) {
  const WorkloadFigures figures = figures_of(runs());
  EXPECT_EQ(find_figures(figures, kBare)->added_ns, (Spread{120, 120, 120, 0}));
  EXPECT_EQ(find_figures(figures, kIorRecord)->added_ns, (Spread{114, 114, 120, 0}));
  EXPECT_EQ(find_figures(figures, kIorRecord)->ns_per_call.median, 222);
}

TEST(Figures, a_ratio_is_one_of_added_costs) {
  const WorkloadFigures figures = figures_of(runs());
  EXPECT_DOUBLE_EQ(find_figures(figures, kIorRecord)->to_bare->value, 0.95);
  EXPECT_DOUBLE_EQ(find_figures(figures, kIorRecord)->to_empty->value, 2.85);
  EXPECT_DOUBLE_EQ(find_figures(figures, kBare)->to_bare->value, 1);
}

TEST(Figures, there_is_no_ratio_to_a_cost_that_is_not_above_its_noise) {
  WorkloadRuns noisy = runs();
  noisy.series[2] = series(kBare, Role::floor, {90, 260, 112});
  const WorkloadFigures figures = figures_of(noisy);
  EXPECT_FALSE(find_figures(figures, kIorRecord)->to_bare);
  EXPECT_TRUE(find_figures(figures, kIorRecord)->to_empty);
}

TEST(Figures, noise_of_both_costs_is_in_their_ratio) {
  WorkloadRuns noisy = runs();
  noisy.series[3] = series(kIorRecord, Role::ior, {220 - 12, 320, 222 + 12});
  const Ratio ratio = *find_figures(figures_of(noisy), kIorRecord)->to_bare;
  EXPECT_DOUBLE_EQ(ratio.value, 1);
  EXPECT_DOUBLE_EQ(ratio.noise, 0.1);
}

TEST(Figures, what_is_counted_apart_is_not_taken_from_the_rounds) {
  WorkloadRuns counted = runs();
  Series& last = counted.series.back();
  last.samples[0].observed.kept = 7;
  last.counting = Sample{5000, 400, {.cpu_s = 0, .kept = 399}};
  const WorkloadFigures figures = figures_of(counted);
  EXPECT_EQ(find_figures(figures, kIorRecord)->made, 400u);
  EXPECT_EQ(find_figures(figures, kIorRecord)->kept, 399u);
}

TEST(Figures, cpu_and_memory_are_of_all_rounds) {
  WorkloadRuns used = runs();
  Series& last = used.series.back();
  last.samples[0].observed = {.cpu_s = 0.001, .peak_bytes = 10, .kept = 1000, .lost = 0};
  last.samples[1].observed = {.cpu_s = 0.002, .peak_bytes = 30, .kept = 990, .lost = 10};
  last.samples[2].observed = {.cpu_s = 0.003, .peak_bytes = 20, .kept = 1000, .lost = 0};
  const WorkloadFigures figures = figures_of(used);
  const Figures& of = *find_figures(figures, kIorRecord);
  EXPECT_DOUBLE_EQ(of.cpu_s_per_million_calls, 2);
  EXPECT_EQ(of.peak_bytes, 30u);
  EXPECT_EQ(of.made, 3000u);
  EXPECT_EQ(of.kept, 2990u);
  EXPECT_EQ(of.lost, 10u);
}

}  // namespace
}  // namespace ior::overhead
