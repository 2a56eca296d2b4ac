// What ior costs: where it keeps nothing, where it keeps all, and where it prints all.
#include "command_tracer.hpp"
#include "ior_output.hpp"

namespace ior::overhead {
namespace {

TracerCommand ior_command(const std::string& ior, std::vector<std::string> options,
                          const Target& target) {
  options.insert(options.begin(), ior);
  return {.words = std::move(options), .cpu = target.tracer_cpu, .ready_text = kIorReady};
}

// Traces a process that sleeps, and so refuses every call of the workload.
class OutsideTracer : public Tracer {
 public:
  OutsideTracer(const std::string& ior, const Target& target)
      : tracer_(ior_command(
            ior, {"-pid", std::to_string(sleeper_.pid()), "-trace-families", "all", "-flamegraph"},
            target)) {}

  Observed stop(const LoadResult& made) override { return tracer_.stop(made); }

 private:
  Process sleeper_{{.command = {"sleep", "infinity"}}};
  CommandTracer tracer_;
};

void read_recording(const std::string& ior, const Output& output, const LoadResult& made,
                    Observed& observed) {
  observed.kept = total(recorded_calls(ior, recording_in(output.directory), made));
  observed.lost = lost_calls(read_file(output.err));
}

Configuration record_configuration(std::string name, const std::string& ior, std::string about) {
  return {
      .name = std::move(name),
      .role = Role::ior,
      .about = std::move(about),
      .start = [ior](const Target& target) {
        TracerCommand command = ior_command(ior, {"-trace-families", "all", "-flamegraph"}, target);
        command.read_output = [ior](const Output& output, const LoadResult& made,
                                    Observed& observed) {
          read_recording(ior, output, made, observed);
        };
        return std::make_unique<CommandTracer>(std::move(command));
      }};
}

}  // namespace

Configuration ior_before(const std::string& ior) {
  return record_configuration(kIorBefore, ior, "the same, of the ior that --before names");
}

std::vector<Configuration> ior_configurations(const std::string& ior) {
  return {
      {.name = kIorOutside,
       .role = Role::ior,
       .about = "ior -pid of another process -trace-families all -flamegraph",
       .start =
           [ior](const Target& target) { return std::make_unique<OutsideTracer>(ior, target); }},
      {.name = "ior_other_family",
       .role = Role::ior,
       .about = "ior -trace-families Security -flamegraph",
       .start =
           [ior](const Target& target) {
             return std::make_unique<CommandTracer>(
                 ior_command(ior, {"-trace-families", "Security", "-flamegraph"}, target));
           }},
      record_configuration(kIorRecord, ior, "ior -trace-families all -flamegraph"),
      {.name = "ior_plain",
       .role = Role::ior,
       .about = "ior -trace-families all -plain > /dev/null",
       .start =
           [ior](const Target& target) {
             TracerCommand command = ior_command(ior, {"-trace-families", "all", "-plain"}, target);
             command.read_output = [](const Output& output, const LoadResult& made,
                                      Observed& observed) {
               observed.lost = lost_calls(read_file(output.err));
               observed.kept = made.total_calls - std::min(made.total_calls, *observed.lost);
             };
             return std::make_unique<CommandTracer>(std::move(command));
           }},
  };
}

}  // namespace ior::overhead
