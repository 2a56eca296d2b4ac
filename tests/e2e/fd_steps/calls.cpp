#include "tests/e2e/fd_steps/calls.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <climits>

#include "tests/e2e/fd_steps/shared.hpp"

namespace fd_steps {
namespace {

// Empty where there is no such link.
Text link_at(const Text& path) {
  std::array<char, PATH_MAX> target{};
  const ssize_t size = ::readlink(path.c_str(), target.data(), target.size());
  return size < 0 ? Text() : Text(std::string_view(target.data(), static_cast<std::size_t>(size)));
}

Text link_of_fd(int fd) {
  Text path("/proc/thread-self/fd/");
  path += fd;
  return link_at(path);
}

// As ior shows a socket without address: with its family and type.
Text socket_name(int fd, std::string_view link) {
  int type = 0;
  socklen_t size = sizeof(type);
  ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size);
  Text name(link.substr(0, link.size() - 1));
  name += type == SOCK_STREAM ? " unix stream]" : " unix dgram]";
  return name;
}

}  // namespace

Text file_of(int fd) {
  const Text link = link_of_fd(fd);
  if (link.view().empty()) return "[unknown: fd is not open]";
  return link.view().starts_with("socket:[") ? socket_name(fd, link.view()) : link;
}

bool is_open(int fd) {
  return !link_of_fd(fd).view().empty();
}

Text name_of(const Place& place) {
  if (place.path.view().starts_with('/')) return place.path;
  Text name = place.dirfd == AT_FDCWD ? link_at("/proc/thread-self/cwd") : file_of(place.dirfd);
  if (place.path.view().empty()) return name;
  if (!name.view().ends_with('/')) name += "/";
  name += place.path.view();
  return name;
}

long invoke(const Call& call, const Arguments& a) {
  const long result = ::syscall(call.number, a[0], a[1], a[2], a[3], a[4], a[5]);
  return result == -1 ? -errno : result;
}

void log_call(const Call& call, long result, std::string_view file) {
  log_call_of(::syscall(SYS_gettid), call, result, file);
}

void log_call_of(long thread, const Call& call, long result, std::string_view file) {
  std::array<char, 17> comm{};
  ::prctl(PR_GET_NAME, comm.data());
  Text line(comm.data());
  line += ",";
  line += thread;
  line += ",";
  line += call.name;
  line += ",";
  line += result;
  line += ",";
  line += file;
  line += "\n";
  append_to_log(line);
}

long call_plain(const Call& call, const Arguments& arguments) {
  const long result = invoke(call, arguments);
  log_call(call, result, "");
  return result;
}

long call_on_fd(const Call& call, int fd, const Arguments& arguments) {
  const Text file = file_of(fd);
  const long result = invoke(call, arguments);
  log_call(call, result, file.view());
  return result;
}

long call_over_fd(const Call& call, int fd, int replaced, const Arguments& arguments) {
  Text file;
  if (is_open(replaced)) {
    file = file_of(replaced);
    file += " -> ";
  }
  file += file_of(fd).view();
  const long result = invoke(call, arguments);
  log_call(call, result, file.view());
  return result;
}

long call_on_path(const Call& call, const Place& place, const Arguments& arguments) {
  const Text file = name_of(place);
  const long result = invoke(call, arguments);
  log_call(call, result, file.view());
  return result;
}

long call_on_paths(const Call& call, const Place& from, const Place& to,
                   const Arguments& arguments) {
  Text file = name_of(from);
  file += " -> ";
  file += name_of(to).view();
  const long result = invoke(call, arguments);
  log_call(call, result, file.view());
  return result;
}

long call_for_fd(const Call& call, const Text& otherwise, const Arguments& arguments) {
  const long result = invoke(call, arguments);
  log_call(call, result, result < 0 ? otherwise.view() : file_of(static_cast<int>(result)).view());
  return result;
}

}  // namespace fd_steps
