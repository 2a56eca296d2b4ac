#include "ior_output.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "process.hpp"
#include "temp_dir.hpp"

namespace ior::overhead {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kTracepointPrefix = "enter_";

std::uint64_t number_after(const std::string& summary, std::string_view text) {
  const std::size_t at = summary.find(text);
  if (at == summary.npos) throw std::runtime_error("ior gave no summary: " + summary);
  return std::stoull(summary.substr(at + text.size()));
}

}  // namespace

std::uint64_t total(const Counts& counts) {
  std::uint64_t sum = 0;
  for (const auto& [name, count] : counts) sum += count;
  return sum;
}

std::uint64_t seen_calls(const std::string& summary) {
  return number_after(summary, "ior: syscalls seen ");
}

std::uint64_t lost_calls(const std::string& summary) {
  return number_after(summary, "ior: lost: ");
}

std::string recording_in(const std::string& directory) {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().string().ends_with(".ior.zst")) found.push_back(entry.path());
  }
  if (found.size() != 1) {
    throw std::runtime_error(fmt::format("{} recordings in {}", found.size(), directory));
  }
  return found.front();
}

// Line by line: a recording may have very many records.
Counts recorded_calls(const std::string& ior, const std::string& recording,
                      const LoadResult& made) {
  const TempDir directory;
  const std::string lines = directory.file("lines");
  Process exporter({.command = {ior, "export", "--format", "jsonl", recording}, .out = lines});
  if (exporter.wait(5min).exit_code != 0) throw std::runtime_error("ior export failed");
  Counts counts;
  std::ifstream in(lines);
  for (std::string line; std::getline(in, line);) {
    const auto record = nlohmann::json::parse(line);
    const std::string name =
        record.at("tracepoint").get<std::string>().substr(kTracepointPrefix.size());
    const bool is_of_load = record.at("comm").get<std::string>().starts_with(kLoadComm);
    if (is_of_load && made.calls.contains(name))
      counts[name] += record.at("count").get<std::uint64_t>();
  }
  return counts;
}

}  // namespace ior::overhead
