#include "command_tracer.hpp"

#include <fmt/format.h>
#include <signal.h>

#include <stdexcept>
#include <thread>
#include <utility>

namespace ior::overhead {

using namespace std::chrono_literals;

CommandTracer::CommandTracer(TracerCommand command)
    : command_(std::move(command)),
      output_{directory_.path(), directory_.file("out"), directory_.file("err")},
      process_({.command = command_.words,
                .cpu = command_.cpu,
                .directory = output_.directory,
                .out = command_.keeps_stdout ? output_.out : "/dev/null",
                .err = output_.err}) {
  if (!command_.ready_text.empty()) {
    process_.wait_for_text(output_.err, command_.ready_text, 20s);
  }
  std::this_thread::sleep_for(command_.pause);
  cpu_s_when_ready_ = process_.cpu_s();
}

Observed CommandTracer::stop(const LoadResult& made) {
  process_.send_signal(SIGINT);
  const Ended ended = process_.wait(60s);
  if (ended.exit_code == 127) {
    throw std::runtime_error(fmt::format("{} cannot be run", command_.words.front()));
  }
  Observed observed{.cpu_s = ended.cpu_s - cpu_s_when_ready_, .peak_bytes = ended.peak_rss_bytes};
  if (command_.read_output) command_.read_output(output_, made, observed);
  return observed;
}

}  // namespace ior::overhead
