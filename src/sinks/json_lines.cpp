#include "sinks/json_lines.hpp"

#include <nlohmann/json.hpp>

#include "model/ledger.hpp"
#include "model/path.hpp"
#include "sinks/record_groups.hpp"
#include "sinks/record_text.hpp"

namespace ior {
namespace {

using Json = nlohmann::ordered_json;

// Null where it is not known.
Json figure(std::uint64_t value, bool is_known) {
  return is_known || value != 0 ? Json(value) : Json();
}

// Where it can be told.
void add_host_path(Json& object, const char* name, const Recording& recording, std::uint32_t root,
                   std::uint32_t path) {
  const auto known = host_path(recording.strings[root], recording.strings[path]);
  if (known) object[name] = *known;
}

Json object_of(const Recording& recording, const Record& record, const MissingCalls& missed) {
  const bool is_measured = record.unmeasured == 0;
  const bool has_measured = is_measured || record.unmeasured < record.count;
  const MayMove may = is_measured ? MayMove{false, false} : may_move(recording, record);
  Json object = {
      {"path", recording.strings[record.path]},
      {"old_path", recording.strings[record.old_path]},
      {"tracepoint", recording.strings[record.tracepoint]},
      {"comm", recording.strings[record.comm]},
      {"pid", recording.processes[record.process].pid},
      {"tid", record.tid},
      {"root", recording.strings[record.root]},
      {"flags", flags_text(record.flags)},
      {"count", record.count},
      {"errors", figure(record.errors, has_measured)},
      {"duration_ns", figure(record.duration_ns, has_measured)},
      {"gap_ns", record.gap_ns},
      {"bytes_read", figure(record.bytes_read, !may.read)},
      {"bytes_written", figure(record.bytes_written, !may.write)},
      {"at_most", record.at_most},
      {"unmeasured", record.unmeasured},
  };
  add_host_path(object, "host_path", recording, record.root, record.path);
  add_host_path(object, "host_old_path", recording, record.root, record.old_path);
  const std::uint64_t missing = missed.of(recording.strings[record.tracepoint]);
  if (missing != 0) object["missing_at_most"] = missing;
  return object;
}

}  // namespace

void write_json_lines(const Recording& recording, std::ostream& out, bool ascii) {
  const MissingCalls missed(recording);
  for (const Record& record : recording.records) {
    // `replace` puts U+FFFD for invalid UTF-8, where the default would throw.
    out << object_of(recording, record, missed).dump(-1, ' ', ascii, Json::error_handler_t::replace)
        << '\n';
  }
}

}  // namespace ior
