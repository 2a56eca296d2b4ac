// A tracer that is a program: started in a directory of its own, stopped by SIGINT.
#pragma once

#include <chrono>

#include "configuration.hpp"
#include "process.hpp"
#include "temp_dir.hpp"

namespace ior::overhead {

// What a tracer has left: files.
struct Output {
  std::string directory, out, err;
};

struct TracerCommand {
  std::vector<std::string> words = {};
  int cpu = kAnyCpu;
  std::string ready_text = {};        // on stderr, when it traces; empty: it does not tell
  std::chrono::milliseconds pause{};  // what it takes from then on, or from its start
  bool keeps_stdout = false;
  // Fills in what the tracer kept and lost of what was made.
  std::function<void(const Output&, const LoadResult& made, Observed&)> read_output = {};
};

class CommandTracer : public Tracer {
 public:
  explicit CommandTracer(TracerCommand command);
  Observed stop(const LoadResult& made) override;
  const Process& process() const { return process_; }
  const Output& output() const { return output_; }

 private:
  TracerCommand command_;
  TempDir directory_;
  Output output_;
  Process process_;
  double cpu_s_when_ready_ = 0;
};

}  // namespace ior::overhead
