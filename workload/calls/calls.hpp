// What an exercise makes its calls with. An exercise is a function that makes one syscall of the
// catalogue, where both are possible once with success and once with failure, and says of each
// call what a tracer must show. It runs in a process of its own, so it may do to that process what
// it likes; what it sets up must not make the call that it is about.
//
// Contract: a call that does not do what the exercise says throws UnexpectedResult. What a tracer
// must show goes to the Notes, which the process shares with its parent: noting makes no call.
// Thread safety: none; one per process.
#pragma once

#include <concepts>
#include <initializer_list>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

namespace ioworkload {

class Notes;

// What a tracer must show of a call besides its name and result.
struct Shown {
  std::string path = {};
  std::string old_path = {};
  std::optional<int> flags = {};
  long bytes = 0;

  Shown from(std::string path_before) const;
  Shown moving(long bytes_moved) const;
};

// As many as the call returns.
inline constexpr long kAsReturned = -1;

// A file that the exercise holds open.
struct OpenFile {
  int fd = -1;
  std::string path = {};
  int flags = 0;  // of its status
};

// "socket:[4711]" with what ior says beside the number.
std::string with_detail(std::string name, std::string_view detail);

Shown at(std::string path);
Shown on(const OpenFile& file);
Shown opened(std::string path, int flags);

// What a tracer shows where there is no file or no path.
Shown on_closed_fd();
Shown at_bad_address();
Shown at_no_path();

inline constexpr int kClosedFd = 900;  // an fd that no exercise opens

// A register of a syscall.
class Argument {
 public:
  template <typename Number>
  requires std::integral<Number> || std::is_enum_v<Number> Argument(Number value)
      : value_(static_cast<long>(value)) {}
  Argument(const void* pointer) : value_(reinterpret_cast<long>(pointer)) {}
  Argument(const std::string& text) : Argument(text.c_str()) {}
  long value() const { return value_; }

 private:
  long value_;
};

using Arguments = std::initializer_list<Argument>;

// An address at which nothing is.
inline const void* const kBadAddress = reinterpret_cast<const void*>(8);

// A call that was to succeed is none that this kernel has.
class MissingSyscall : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Calls {
 public:
  // The calls of `row`, a name of the catalogue, by its number.
  Calls(std::string row, long number, std::string directory, Notes& notes);

  // The working directory, fresh and empty.
  const std::string& directory() const { return directory_; }
  std::string file(std::string_view name) const;

  // Each makes the call once.
  void returns(long wanted, Arguments arguments, const Shown& shown = {}) const;
  long succeeds(Arguments arguments, const Shown& shown = {}) const;
  // With ENOSYS, too: not every kernel has every call.
  void fails(int error, Arguments arguments, const Shown& shown = {}) const;
  // A signal ends it: the call's own result says so, and the handler turns it into EINTR.
  void is_interrupted(Arguments arguments, const Shown& shown = {}) const;
  // Gives the fd that it returned, shown as the file that /proc says it is, with the detail that a
  // socket has beside it.
  OpenFile opens(Arguments arguments, int flags, std::string_view detail = {}) const;
  // It makes a child process, which ends at once; gives its pid.
  long forks(Arguments arguments) const;
  // It makes another program of this process; noted before it is made.
  void becomes(Arguments arguments, const Shown& shown) const;
  // It does not return; noted before it is made.
  void departs(Arguments arguments, const Shown& shown = {}) const;
  // The call that others made: this thread by other means, or the child process `tid`.
  void note(std::optional<long> result, const Shown& shown, int tid) const;

  // Why there is no call of that kind, or none at all.
  void never_succeeds(std::string_view reason) const;
  void never_fails(std::string_view reason) const;
  void not_exercised(std::string_view reason) const;

 private:
  long make(Arguments arguments) const;
  void wrong(long result, const std::string& wanted) const;
  void note_reason(const char* kind, std::string_view reason) const;

  std::string row_;
  long number_;
  std::string directory_;
  Notes& notes_;
};

}  // namespace ioworkload
