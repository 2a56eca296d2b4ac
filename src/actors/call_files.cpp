#include "actors/call_files.hpp"

#include <fcntl.h>

#include <algorithm>

#include "actors/names.hpp"
#include "catalog/catalog.hpp"
#include "model/open_flags.hpp"
#include "model/path.hpp"

namespace ior {
namespace {

using BatchMemory = std::pmr::monotonic_buffer_resource;

constexpr Name kBadAddress{unknown::kBadAddress};
constexpr Name kUnread{unknown::kUnread};
constexpr Name kOverwritten{unknown::kOverwritten};
constexpr Name kNoPath{unknown::kNoPath};
constexpr Name kHandle{unknown::kHandle};

bool has_text(const Target& target) {
  return target.kind == Target::Kind::path || target.kind == Target::Kind::at ||
         target.kind == Target::Kind::at_or_fd || target.kind == Target::Kind::text;
}

// A path through a link, from what that leads to.
const Name* path_behind_link(const Text& text, const Name& leads_to, BatchMemory& memory) {
  std::string_view rest = text.bytes.substr(text.link);
  rest.remove_prefix(std::min(rest.find_first_not_of('/'), rest.size()));
  if (text.status != IOR_TEXT_TOO_LONG) return join_in(memory, leads_to, rest);
  return join_in(memory, leads_to, std::string(rest) + "...");
}

const Name* path_of(const Target& target, const Text& text, const Name* directory,
                    BatchMemory& memory) {
  if (!has_text(target)) return nullptr;
  if (text.status == IOR_TEXT_FAULT) return &kBadAddress;
  if (text.status == IOR_TEXT_UNREAD) return &kUnread;
  if (text.status == IOR_TEXT_OVERWRITTEN) return &kOverwritten;
  if (text.link > 0 && directory) return path_behind_link(text, *directory, memory);
  if (text.status == IOR_TEXT_TOO_LONG) return copy_in(memory, std::string(text.bytes) + "...");
  const bool is_text = target.kind == Target::Kind::text;
  if (!is_text && text.status == IOR_TEXT_NULL && target.kind != Target::Kind::at_or_fd) {
    return &kNoPath;
  }
  if (text.bytes.empty()) return is_text ? nullptr : directory;
  if (is_text || !directory || text.bytes.starts_with('/')) return name_in(memory, text.bytes);
  return join_in(memory, *directory, text.bytes);
}

// The open flags that the call passes, where it passes any.
void take_flags(const FlagsSource& source, std::span<const std::uint64_t> args, CallFiles& files) {
  if (source.kind == FlagsSource::Kind::file) return;
  if (source.kind == FlagsSource::Kind::creat) {
    files.flags = O_CREAT | O_WRONLY | O_TRUNC;
    files.has_flags = true;
    return;
  }
  const std::uint64_t passed = source.argument < args.size() ? args[source.argument] : 0;
  if (source.kind == FlagsSource::Kind::argument || (passed & IOR_CAPTURED)) {
    files.flags = static_cast<std::uint32_t>(passed);
    files.has_flags = true;
  }
}

bool is_found(const ior_file& file) {
  return file.status != IOR_FILE_CLOSED && file.status != IOR_FILE_LATER &&
         file.status != IOR_FILE_BUSY && file.status != IOR_FILE_OF_SEVERAL;
}

void take_file_flags(const ior_file& file, CallFiles& files) {
  if (files.has_flags || !is_found(file)) return;
  files.flags = status_flags(file.f_flags);
  files.has_flags = true;
}

// An fd of -1 may say that there is no file, not that one is missing: mmap's, and that of a range
// in which nothing is open.
bool names_a_file(const ior_file* file, const Target& target) {
  const bool may_have_none = target.kind == Target::Kind::fd_unless ||
                             target.kind == Target::Kind::fd_if_open ||
                             target.kind == Target::Kind::first_open;
  return file && (file->fd >= 0 || !may_have_none);
}

// Whether a dirfd without a path, or with an empty one, is the fd of the file itself.
bool is_file_of_its_own(const ior_file* file, const Target& target, const Text& text) {
  const bool has_no_path = text.status == IOR_TEXT_NULL || text.status == IOR_TEXT_OK;
  return file && file->fd >= 0 && target.kind == Target::Kind::at_or_fd && has_no_path &&
         text.bytes.empty();
}

// The flags that a half with paths tells.
void take_passed_flags(const Shape& shape, const WireRecord& record, CallFiles& files) {
  take_flags(shape.flags, record.args(), files);
  if (files.has_flags) return;
  if (is_file_of_its_own(record.file(), shape.main, record.path())) {
    take_file_flags(*record.file(), files);
  }
}

const Name* passed_path(const Shape& shape, const Event& half, BatchMemory& memory) {
  return path_of(shape.main, half.record.path(), half.file, memory);
}

const Name* passed_old_path(const Shape& shape, const Event& half, BatchMemory& memory) {
  return path_of(shape.other, half.record.old_path(), half.other, memory);
}

// A call without paths, in one record.
CallFiles files_of_fds(const Shape* shape, const Event& call) {
  static constexpr Target kAny;
  CallFiles files;
  const WireRecord record = call.record;
  const ior_file* file = record.file();
  if (shape) take_flags(shape->flags, record.args(), files);
  if (names_a_file(file, shape ? shape->main : kAny)) {
    files.path = call.file;
    take_file_flags(*file, files);
  } else if (shape == &shape_of(IOR_SHAPE_handle)) {
    files.path = &kHandle;
  }
  if (names_a_file(record.other(), shape ? shape->other : kAny)) files.old_path = call.other;
  return files;
}

// A file that was opened.
CallFiles files_of_second_half(const Event& exit) {
  CallFiles files;
  const ior_file* file = exit.record.file();
  if (!file || file->status == IOR_FILE_CLOSED) return files;
  files.path = exit.file;
  take_file_flags(*file, files);
  return files;
}

}  // namespace

void name_from_one_root(CallFiles& files, const Caller& caller, const Name& own_root,
                        BatchMemory& memory) {
  if (!files.path || !files.old_path) return;
  if (!files.path->text.starts_with('/') || !files.old_path->text.starts_with('/')) return;
  const auto root_of = [&](const Name* name) { return name->root ? name->root : caller.root; };
  if (text_of(root_of(files.path)) == text_of(root_of(files.old_path))) return;
  for (const Name** name : {&files.path, &files.old_path}) {
    *name = copy_in(memory, path_below(text_of(root_of(*name)), (*name)->text), &own_root);
  }
}

CallFiles files_of_exit(const Syscall* row, const Event& exit, BatchMemory& memory) {
  const bool is_whole = exit.record.has(IOR_WHOLE);
  const bool has_paths = exit.record.has(IOR_TEXT | IOR_TEXT_OTHER);
  const Shape* shape = row ? &shape_of(row->shape) : nullptr;
  if (!shape || !has_paths)
    return is_whole ? files_of_fds(shape, exit) : files_of_second_half(exit);
  CallFiles files;
  take_passed_flags(*shape, exit.record, files);
  files.path = passed_path(*shape, exit, memory);
  files.old_path = passed_old_path(*shape, exit, memory);
  return files;
}

CallFiles files_of_call(const Syscall* row, const Event& enter, const Event& exit,
                        BatchMemory& memory) {
  const CallFiles end = files_of_exit(row, exit, memory);
  if (!row) return end;
  const Shape& shape = shape_of(row->shape);
  CallFiles files;
  take_passed_flags(shape, enter.record, files);
  files.path = end.path ? end.path : passed_path(shape, enter, memory);
  files.old_path = passed_old_path(shape, enter, memory);
  if (!files.has_flags) {
    files.flags = end.flags;
    files.has_flags = end.has_flags;
  }
  return files;
}

}  // namespace ior
