#include "verdict.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/builders.hpp"

namespace ior::overhead {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<bool> held(const std::vector<Verdict>& verdicts) {
  std::vector<bool> holds;
  for (const Verdict& verdict : verdicts) holds.push_back(verdict.holds);
  return holds;
}

WorkloadFigures workload(const std::string& name, std::vector<Figures> configurations) {
  return {name, 1000, std::move(configurations)};
}

Report report(std::vector<WorkloadFigures> workloads) {
  return {{"a processor", "Linux 6.18", 2, 4096}, 0, 1, 9, std::move(workloads)};
}

Report run_with(double ratio, double noise) {
  return report({workload("rw1", {ratios(kBare, Role::floor, Ratio{1, 0}),
                                  ratios(kIorRecord, Role::ior, Ratio{ratio, noise}),
                                  ratios("strace", Role::peer, Ratio{ratio, noise})})});
}

TEST(Bare, is_judged_where_its_ratio_is_known_best) {
  const auto bare = [](double value, double noise) {
    return std::vector{ratios(kBare, Role::floor, Ratio{1, 0}, Ratio{value, noise})};
  };
  EXPECT_TRUE(judge_bare({workload("rw1", bare(3.2, 0.1)), workload("stat", bare(5, 2))}).holds);
  EXPECT_FALSE(judge_bare({workload("rw1", bare(4.1, 0.1)), workload("stat", bare(3, 2))}).holds);
  EXPECT_FALSE(judge_bare({workload("rw1", {ratios(kBare, Role::floor, Ratio{1, 0})})}).holds);
}

TEST(Limits, hold_up_to_their_figure_and_not_without_one) {
  const auto judged = [](double rw1, double openclose, double outside) {
    return held(judge_limits(
        {workload("rw1", {ratios(kIorRecord, Role::ior, Ratio{rw1, 0.01}),
                          ratios(kIorOutside, Role::ior, Ratio{0.3, 0}, Ratio{outside, 0.01})}),
         workload("openclose", {ratios(kIorRecord, Role::ior, Ratio{openclose, 0.1})})}));
  };
  EXPECT_THAT(judged(1.05, 2.5, 1.25), ElementsAre(true, true, true));
  EXPECT_THAT(judged(1.06, 2.5, 1.25), ElementsAre(false, true, true));
  EXPECT_THAT(judged(1.05, 2.6, 1.25), ElementsAre(true, false, true));
  EXPECT_THAT(judged(1.05, 2.5, 1.26), ElementsAre(true, true, false));
  EXPECT_THAT(held(judge_limits({})), ElementsAre(false, false, false));
}

Figures adding(const std::string& name, double added_ns, double mad) {
  Figures of = ratios(name, Role::ior, std::nullopt);
  of.added_ns = {.median = added_ns, .min = added_ns, .max = added_ns, .mad = mad};
  return of;
}

TEST(Before, is_kept_to_within_three_percent_or_the_noise_but_never_above_five) {
  const auto judged = [](double before, double now, double mad) {
    return held(judge_before(
        {workload("rw1", {adding(kIorRecord, now, mad), adding(kIorBefore, before, mad)})}));
  };
  EXPECT_THAT(judged(100, 102.9, 0), ElementsAre(true));
  EXPECT_THAT(judged(100, 103.1, 0), ElementsAre(false));
  EXPECT_THAT(judged(100, 103.9, 2), ElementsAre(true));
  EXPECT_THAT(judged(100, 105.1, 20), ElementsAre(false));
  EXPECT_THAT(judged(100, 50, 0), ElementsAre(true));
  EXPECT_THAT(judged(-1, 1, 0), ElementsAre(false));
  EXPECT_THAT(held(judge_before({workload("rw1", {adding(kIorRecord, 100, 0)})})),
              ElementsAre(false));
}

TEST(Baseline, only_what_is_worse_by_more_than_band_and_noise_fails) {
  const Report before = run_with(1, 0.02);
  EXPECT_THAT(held(judge_against(before, run_with(1.10, 0.01), 0.15)), ElementsAre(true));
  EXPECT_THAT(held(judge_against(before, run_with(1.17, 0.01), 0.15)), ElementsAre(true));
  EXPECT_THAT(held(judge_against(before, run_with(1.19, 0.01), 0.15)), ElementsAre(false));
  EXPECT_THAT(held(judge_against(before, run_with(0.5, 0.01), 0.15)), ElementsAre(true));
}

TEST(Baseline, a_failure_says_which) {
  const Verdict verdict = judge_against(run_with(1, 0), run_with(2, 0), 0.15).front();
  EXPECT_FALSE(verdict.holds);
  EXPECT_THAT(verdict.sentence, HasSubstr("rw1: ior_record"));
}

TEST(Baseline, with_which_nothing_can_be_compared_fails) {
  const Report other = report({workload("stat", {ratios(kIorRecord, Role::ior, Ratio{1, 0})})});
  EXPECT_THAT(held(judge_against(run_with(1, 0), other, 0.15)), ElementsAre(false));
}

TEST(Baseline, comes_back_from_json_as_it_was_for_a_comparison) {
  const auto read = from_json(to_json(run_with(1.25, 0.5)));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->machine, (Machine{"a processor", "Linux 6.18", 2, 4096}));
  const Figures* of = find_figures(read->workloads.at(0), kIorRecord);
  ASSERT_NE(of, nullptr);
  EXPECT_EQ(of->to_bare->value, 1.25);
  EXPECT_EQ(of->to_bare->noise, 0.5);
  EXPECT_FALSE(of->to_empty);
}

TEST(Baseline, a_file_of_something_else_is_refused) {
  for (const char* text : {"", "{}", "[1, 2]", R"({"machine": {"cpu": 1}})"}) {
    EXPECT_FALSE(from_json(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace ior::overhead
