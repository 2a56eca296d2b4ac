#include "load.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <system_error>

#include "process.hpp"

namespace ior::overhead {
namespace {

constexpr std::string_view kReady = "ready ";

struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
      throw std::system_error(errno, std::generic_category(), "pipe2");
    }
    from.reset(ends[0]);
    to.reset(ends[1]);
  }
  UniqueFd from, to;
};

}  // namespace

LoadResult parse_load_result(const std::string& line) {
  const auto json = nlohmann::json::parse(line);
  LoadResult result;
  result.calls = json.at("calls");
  result.total_calls = json.at("total_calls");
  result.elapsed_s = json.at("elapsed_ns").get<double>() / 1e9;
  result.ns_per_call = json.at("ns_per_call");
  return result;
}

Load::Load(const std::string& program, const std::vector<std::string>& options, int cpu) {
  std::vector<char*> arguments = {const_cast<char*>(program.data())};
  for (const std::string& option : options) arguments.push_back(const_cast<char*>(option.data()));
  char hold[] = "--hold";
  arguments.insert(arguments.end(), {hold, nullptr});
  Pipe orders, answers;
  pid_ = ::fork();
  if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid_ == 0) {
    if (pin_to_cpu(0, cpu) && ::dup2(orders.from.get(), STDIN_FILENO) >= 0 &&
        ::dup2(answers.to.get(), STDOUT_FILENO) >= 0) {
      ::execv(program.c_str(), arguments.data());
    }
    ::_exit(127);
  }
  orders_ = std::move(orders.to);
  answers_ = std::move(answers.from);
  answers.to.reset();
  const std::string ready = read_line();
  if (!ready.starts_with(kReady)) throw std::runtime_error(program + " said: " + ready);
  worker_pid_ = std::stoi(ready.substr(kReady.size()));
}

Load::~Load() {
  orders_.reset();
  ::waitpid(pid_, nullptr, 0);
}

LoadResult Load::run(std::uint64_t calls) {
  start(calls);
  return finish();
}

void Load::start(std::uint64_t calls) {
  const std::string order = (calls != 0 ? std::to_string(calls) : "") + "\n";
  if (::write(orders_.get(), order.data(), order.size()) < 0) {
    throw std::system_error(errno, std::generic_category(), "cannot order a run of ior_load");
  }
}

LoadResult Load::finish() {
  return parse_load_result(read_line());
}

std::string Load::read_line() {
  std::array<char, 4096> piece{};
  while (unread_.find('\n') == std::string::npos) {
    const ssize_t size = ::read(answers_.get(), piece.data(), piece.size());
    if (size <= 0) throw std::runtime_error("the workload failed");
    unread_.append(piece.data(), static_cast<std::size_t>(size));
  }
  const std::size_t end = unread_.find('\n');
  std::string line = unread_.substr(0, end);
  unread_.erase(0, end + 1);
  return line;
}

}  // namespace ior::overhead
