#include "actors/fd_tracker.hpp"

#include "actors/names.hpp"
#include "actors/socket_name.hpp"
#include "model/path.hpp"

namespace ior {
namespace {

static_assert(static_cast<int>(NameKind::path) == IOR_NAME_PATH);
static_assert(static_cast<int>(NameKind::deleted) == IOR_NAME_DELETED);
static_assert(static_cast<int>(NameKind::pseudo) == IOR_NAME_PSEUDO);
static_assert(static_cast<int>(NameKind::too_long) == IOR_NAME_TOO_LONG);

constexpr Name kClosedFd{unknown::kClosedFd};
constexpr Name kLater{unknown::kLater};
constexpr Name kBusy{unknown::kBusy};
constexpr Name kInChange{unknown::kInChange};
constexpr Name kOfSeveral{unknown::kOfSeveral};
constexpr Name kNameLost{unknown::kNameLost};

std::string made_name(const ior_name& name, std::string_view text) {
  if (name.name_kind == IOR_NAME_SOCKET) return socket_name(text, name.inode);
  return file_name(static_cast<NameKind>(name.name_kind), text, name.inode);
}

}  // namespace

void FdTracker::track(Batch& batch) noexcept {
  for (Event& event : batch.events) {
    const WireRecord record = event.record;
    switch (record.kind()) {
      case IOR_RECORD_NAME:
        remember(record, batch);
        break;
      case IOR_RECORD_ENTER:
      case IOR_RECORD_EXIT:
      case IOR_RECORD_IN_FLIGHT:
        if (const ior_file* file = record.file()) event.file = name_of(*file, record, batch);
        if (const ior_file* other = record.other()) event.other = name_of(*other, record, batch);
        if (const ior_intro* intro = record.intro()) roots_->learn(intro->root);
        break;
      case IOR_RECORD_PROCESS:
      case IOR_RECORD_END:
        break;
    }
  }
}

void FdTracker::remember(const WireRecord& record, Batch& batch) {
  if (record.head().cpu >= windows_.size()) {
    ++batch.malformed;
    return;
  }
  Window& window = windows_[record.head().cpu];
  const ior_name& name = record.name();
  const std::string_view text = record.name_text().bytes;
  const std::size_t place = name.name_id % IOR_NAME_WINDOW;
  if (place >= window.size()) window.resize(place + 1);
  for (std::size_t i = 0; i < IOR_NAME_NUMBERS(text.size()); ++i) {
    const std::size_t taken = (place + i) % IOR_NAME_WINDOW;
    if (taken >= window.size() || !window[taken].name) continue;
    batch.retired.push_back(std::move(window[taken].name));
  }
  window[place] = {name.name_id,
                   keep_name(made_name(name, text), batch.shards.size(), root_of(name))};
}

// What is no path starts from no root.
const Name* FdTracker::root_of(const ior_name& name) {
  const bool is_path = name.name_kind != IOR_NAME_PSEUDO && name.name_kind != IOR_NAME_SOCKET;
  return is_path ? roots_->learn(name.root) : nullptr;
}

const Name* FdTracker::named(std::size_t ring, std::uint32_t id) const {
  if (ring >= windows_.size()) return &kNameLost;
  const Window& window = windows_[ring];
  const std::size_t place = id % IOR_NAME_WINDOW;
  if (place >= window.size() || !window[place].name || window[place].id != id) return &kNameLost;
  return name_at(window[place].name);
}

const Name* FdTracker::name_of(const ior_file& file, const WireRecord& record, Batch& batch) {
  switch (file.status) {
    case IOR_FILE_NAMED:
      return named(record.head().cpu, file.name_id);
    case IOR_FILE_CLOSED:
      return &kClosedFd;
    case IOR_FILE_LATER:
      return &kLater;
    case IOR_FILE_BUSY:
      return &kBusy;
    case IOR_FILE_IN_CHANGE:
      return &kInChange;
    case IOR_FILE_OF_SEVERAL:
      return &kOfSeveral;
    case IOR_FILE_INLINE:
      if (const ior_name* name = record.inline_name()) {
        return copy_in(batch.memory, made_name(*name, record.inline_text().bytes), root_of(*name));
      }
      return &kNameLost;
    default:
      return &kNameLost;
  }
}

}  // namespace ior
