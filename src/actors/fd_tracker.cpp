#include "actors/fd_tracker.hpp"

#include <fcntl.h>

#include <cstring>

#include "actors/socket_name.hpp"
#include "model/open_flags.hpp"
#include "model/path.hpp"

namespace ior {
namespace {

static_assert(static_cast<int>(NameKind::path) == IOR_NAME_PATH);
static_assert(static_cast<int>(NameKind::deleted) == IOR_NAME_DELETED);
static_assert(static_cast<int>(NameKind::pseudo) == IOR_NAME_PSEUDO);
static_assert(static_cast<int>(NameKind::too_long) == IOR_NAME_TOO_LONG);

std::string_view keep(std::string_view text, EventBatch& batch) {
  if (text.empty()) return {};
  auto* copy = static_cast<char*>(batch.memory.allocate(text.size(), 1));
  std::memcpy(copy, text.data(), text.size());
  return {copy, text.size()};
}

std::string made_name(const ior_name& name, std::string_view text) {
  if (name.name_kind == IOR_NAME_SOCKET) return socket_name(text, name.inode);
  return file_name(static_cast<NameKind>(name.name_kind), text, name.inode);
}

std::uint64_t argument(const Event& event, std::uint8_t index) {
  return index < event.args.size() ? event.args[index] : 0;
}

const Shape* shape_of_call(const Event& event) {
  const Syscall* syscall = find_syscall(event.nr, table_of(event.sections));
  return syscall ? &shape_of(syscall->shape) : nullptr;
}

std::string_view path_of(const Target& target, const Text& text, std::string_view directory,
                         EventBatch& batch) {
  if (text.status == IOR_TEXT_FAULT) return unknown::kBadAddress;
  if (text.status == IOR_TEXT_UNREAD) return unknown::kUnread;
  if (text.status == IOR_TEXT_TOO_LONG) return keep(std::string(text.bytes) + "...", batch);
  if (target.kind == Target::Kind::text) return text.bytes;
  if (text.status == IOR_TEXT_NULL && target.kind != Target::Kind::at_or_fd) {
    return unknown::kNoPath;
  }
  if (directory.empty() || text.bytes.starts_with('/')) return text.bytes;
  if (text.bytes.empty()) return directory;
  return keep(join_path(directory, text.bytes), batch);
}

bool has_text(const Target& target) {
  return target.kind == Target::Kind::path || target.kind == Target::Kind::at ||
         target.kind == Target::Kind::at_or_fd || target.kind == Target::Kind::text;
}

// The open flags that the call passes, where it passes any.
void take_flags(const FlagsSource& source, Event& event) {
  if (source.kind == FlagsSource::Kind::creat) {
    event.flags = O_CREAT | O_WRONLY | O_TRUNC;
    event.has_flags = true;
    return;
  }
  const std::uint64_t passed = argument(event, source.argument);
  if (source.kind == FlagsSource::Kind::argument ||
      (source.kind == FlagsSource::Kind::captured && (passed & IOR_CAPTURED))) {
    event.flags = static_cast<std::uint32_t>(passed);
    event.has_flags = true;
  }
}

// An fd of -1 may say that there is no file, not that one is missing: mmap's, and that of a range
// in which nothing is open.
bool names_a_file(const ior_file* file, const Target& target) {
  const bool may_have_none = target.kind == Target::Kind::fd_unless ||
                             target.kind == Target::Kind::fd_if_open ||
                             target.kind == Target::Kind::first_open;
  return file && (file->fd >= 0 || !may_have_none);
}

bool is_found(const ior_file& file) {
  return file.status != IOR_FILE_CLOSED && file.status != IOR_FILE_LATER &&
         file.status != IOR_FILE_BUSY;
}

void take_file_flags(Event& event) {
  if (event.has_flags || !is_found(*event.file)) return;
  event.flags = status_flags(event.file->f_flags);
  event.has_flags = true;
}

// Whether a dirfd without a path, or with an empty one, is the fd of the file itself.
bool is_file_of_its_own(const ior_file* file, const Target& target, const Text& text) {
  const bool has_no_path = text.status == IOR_TEXT_NULL || text.status == IOR_TEXT_OK;
  return file && file->fd >= 0 && target.kind == Target::Kind::at_or_fd && has_no_path &&
         text.bytes.empty();
}

}  // namespace

void FdTracker::track(EventBatch& batch) noexcept {
  for (Event& event : batch.events) {
    switch (event.kind) {
      case IOR_RECORD_NAME:
        remember(event, batch);
        break;
      case IOR_RECORD_ENTER:
        track_enter(event, batch);
        break;
      case IOR_RECORD_EXIT:
        track_exit(event, batch);
        break;
      case IOR_RECORD_PROCESS:
      case IOR_RECORD_END:
        break;
    }
  }
}

void FdTracker::remember(const Event& event, EventBatch& batch) {
  if (event.cpu >= windows_.size()) {
    ++batch.malformed;
    return;
  }
  Window& window = windows_[event.cpu];
  const std::size_t slot = event.name->name_id % IOR_NAME_WINDOW;
  if (slot >= window.size()) window.resize(slot + 1);
  Name& name = window[slot];
  if (name.text) batch.retired.push_back(std::move(name.text));
  name.id = event.name->name_id;
  name.text = std::make_unique<const std::string>(made_name(*event.name, event.text.bytes));
}

std::string_view FdTracker::name_of(const ior_file& file, const Event& event,
                                    EventBatch& batch) const {
  switch (file.status) {
    case IOR_FILE_CLOSED:
      return unknown::kClosedFd;
    case IOR_FILE_LATER:
      return unknown::kLater;
    case IOR_FILE_BUSY:
      return unknown::kBusy;
    case IOR_FILE_INLINE:
      if (!event.name) break;
      return keep(made_name(*event.name, event.name_text.bytes), batch);
    case IOR_FILE_NAMED: {
      if (event.cpu >= windows_.size()) break;
      const Window& window = windows_[event.cpu];
      const std::size_t slot = file.name_id % IOR_NAME_WINDOW;
      if (slot < window.size() && window[slot].text && window[slot].id == file.name_id) {
        return *window[slot].text;
      }
      break;
    }
    default:
      break;
  }
  return unknown::kNameLost;
}

void FdTracker::track_enter(Event& event, EventBatch& batch) const {
  if (const Shape* shape = shape_of_call(event)) take_paths(*shape, event, batch);
}

// The paths as passed, from the directories that they start from.
void FdTracker::take_paths(const Shape& shape, Event& event, EventBatch& batch) const {
  const auto directory = [&](const ior_file* file) {
    return file ? name_of(*file, event, batch) : std::string_view{};
  };
  if (has_text(shape.main)) {
    event.path = path_of(shape.main, event.text, directory(event.file), batch);
  }
  if (has_text(shape.other)) {
    event.old_path = path_of(shape.other, event.other_text, directory(event.other), batch);
  }
  take_flags(shape.flags, event);
  if (is_file_of_its_own(event.file, shape.main, event.text)) take_file_flags(event);
}

void FdTracker::track_exit(Event& event, EventBatch& batch) const {
  const Shape* shape = shape_of_call(event);
  if (shape && event.sections & (IOR_TEXT | IOR_TEXT_OTHER)) {
    take_paths(*shape, event, batch);
  } else if (event.sections & IOR_WHOLE) {
    if (shape) take_flags(shape->flags, event);
    if (names_a_file(event.file, shape ? shape->main : Target())) {
      event.path = name_of(*event.file, event, batch);
      take_file_flags(event);
    } else if (shape && shape->name == "handle") {
      event.path = unknown::kHandle;
    }
    if (names_a_file(event.other, shape ? shape->other : Target())) {
      event.old_path = name_of(*event.other, event, batch);
    }
  } else if (event.file && event.file->status != IOR_FILE_CLOSED) {
    event.path = name_of(*event.file, event, batch);
    take_file_flags(event);
  }
}

}  // namespace ior
