// The catalogue against what the machine says of itself: the running kernel's syscall tracepoints
// (tracefs must be mounted and readable) and the installed <asm/unistd_64.h> and <asm/unistd_32.h>.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.hpp"

namespace ior {
namespace {

namespace fs = std::filesystem;

const fs::path kTracepoints = "/sys/kernel/tracing/events/syscalls";
constexpr std::string_view kEnter = "sys_enter_";

// Never implemented for 64-bit programs, or removed before Linux 6.18.
const std::set<std::string_view> kGone = {
    "afs_syscall",     "create_module", "epoll_ctl_old",   "epoll_wait_old", "get_kernel_syms",
    "get_thread_area", "getpmsg",       "lookup_dcookie",  "nfsservctl",     "putpmsg",
    "query_module",    "security",      "set_thread_area", "sysctl",         "tuxcall",
    "uselib",          "vserver"};

// Left out of some kernels by their configuration.
const std::set<std::string_view> kConfigurable = {"delete_module", "finit_module",
                                                  "init_module",   "kexec_file_load",
                                                  "kexec_load",    "map_shadow_stack"};

// Younger than the syscalls around them.
const std::set<std::string_view> kLateInTheMiddle = {"uretprobe", "uprobe"};

struct Argument {
  std::string type;
  std::string name;
};

// By the syscall's name, from the format files: the fields after __syscall_nr. Fields that begin
// with "__" hold texts that newer kernels add to the arguments.
std::map<std::string, std::vector<Argument>> read_tracepoints() {
  static const std::regex kField(R"(field:(.*[ *])(\w+);)");
  std::map<std::string, std::vector<Argument>> tracepoints;
  for (const fs::directory_entry& entry : fs::directory_iterator(kTracepoints)) {
    const std::string directory = entry.path().filename();
    if (!directory.starts_with(kEnter)) continue;
    std::vector<Argument>& arguments = tracepoints[directory.substr(kEnter.size())];
    std::ifstream format(entry.path() / "format");
    bool behind_number = false;
    for (std::string line; std::getline(format, line);) {
      std::smatch match;
      if (!std::regex_search(line, match, kField)) continue;
      const std::string name = match[2];
      if (behind_number && !name.starts_with("__")) arguments.push_back({match[1], name});
      behind_number = behind_number || name == "__syscall_nr";
    }
    EXPECT_TRUE(behind_number) << "cannot read the format of " << entry.path();
  }
  return tracepoints;
}

class RunningKernel : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    ASSERT_TRUE(fs::exists(kTracepoints))
        << kTracepoints << " is not there: mount tracefs, and run as root";
    tracepoints_ = read_tracepoints();
  }

  static std::map<std::string, std::vector<Argument>> tracepoints_;
};

std::map<std::string, std::vector<Argument>> RunningKernel::tracepoints_;

TEST_F(RunningKernel, has_no_syscall_tracepoint_without_a_row) {
  ASSERT_GT(tracepoints_.size(), 300u);
  for (const auto& [name, arguments] : tracepoints_) {
    const Syscall* row = find_syscall(name);
    ASSERT_NE(row, nullptr) << name;
    EXPECT_EQ(row->name, name) << "this is the name of the tracepoint";
  }
}

TEST_F(RunningKernel, has_a_tracepoint_for_every_row_that_it_is_not_known_to_lack) {
  std::uint16_t newest = 0;
  for (const auto& [name, arguments] : tracepoints_) {
    newest = std::max(newest, find_syscall(name)->number);
  }
  for (const Syscall& row : syscalls()) {
    const bool may_lack = kGone.contains(row.name) || kConfigurable.contains(row.name) ||
                          kLateInTheMiddle.contains(row.name) || row.number > newest;
    EXPECT_TRUE(may_lack || tracepoints_.contains(std::string(row.name))) << row.name;
  }
}

TEST_F(RunningKernel, takes_as_many_arguments_as_the_rows_say) {
  for (const auto& [name, arguments] : tracepoints_) {
    const Syscall& row = *find_syscall(name);
    const auto added = std::ranges::count(row.arguments, IOR_ARGUMENT_old_brk);
    EXPECT_EQ(row.args, arguments.size() + static_cast<std::size_t>(added)) << name;
  }
}

// Of the types that the kernel's entry points have here.
bool is_32_bit(const std::string& type) {
  static const std::regex kNarrow(
      "(const )?(int|unsigned( int)?|[us]32|__[us]32|[pug]id_t|umode_t|clockid_t|timer_t|mqd_t|"
      "key_t|key_serial_t|rwf_t|qid_t|enum \\w+) ?(const )?");
  return std::regex_match(type, kNarrow);
}

// The kernel takes an fd or a pid as a long in places, and looks at 32 bits all the same.
bool is_wider_than_looked_at(const Syscall& row, std::size_t position) {
  return row.arguments[position] == IOR_ARGUMENT_fd || row.arguments[position] == IOR_ARGUMENT_pid;
}

TEST_F(RunningKernel, looks_at_as_many_bits_of_an_argument_as_are_shown) {
  std::size_t looked_at = 0;
  for (const auto& [name, arguments] : tracepoints_) {
    const Syscall& row = *find_syscall(name);
    for (std::size_t i = 0; i < std::min(arguments.size(), std::size_t{6}); ++i) {
      const bool is_wide_here = !is_32_bit(arguments[i].type);
      if (is_wide_here && is_wider_than_looked_at(row, i)) continue;
      EXPECT_EQ(is_wide(argument_of(row.arguments[i]).format), is_wide_here)
          << name << " " << arguments[i].type << arguments[i].name;
      ++looked_at;
    }
  }
  EXPECT_GT(looked_at, 800u);
}

bool is_pointer(const Argument& argument) {
  return argument.type.ends_with("* ");
}
bool is_text(const Argument& argument) {
  return is_pointer(argument) && argument.type.find("char *") != std::string::npos;
}
bool is_fd(const Argument& argument) {
  static const std::regex kName("fd|fildes|mqdes|^idx");
  return !is_pointer(argument) && std::regex_search(argument.name, kName);
}

bool fits(const Target& target, const std::vector<Argument>& arguments) {
  const Argument& argument = arguments.at(target.argument);
  const Argument& directory = arguments.at(target.directory);
  switch (target.kind) {
    case Target::Kind::none:
      break;
    case Target::Kind::fd:
    case Target::Kind::fd_unless:
    case Target::Kind::fd_if_open:
      return is_fd(argument);
    case Target::Kind::path:
    case Target::Kind::text:
      return is_text(argument);
    case Target::Kind::at:
    case Target::Kind::at_or_fd:
      return is_fd(directory) && is_text(argument);
    case Target::Kind::first_open:
      return is_fd(directory) && is_fd(argument);
    case Target::Kind::mapped:
      return argument.type == "unsigned long ";
  }
  return false;
}

TEST_F(RunningKernel, takes_fds_and_paths_where_the_shapes_say_that_they_are) {
  for (const auto& [name, arguments] : tracepoints_) {
    const Shape& shape = shape_of(find_syscall(name)->shape);
    for (const Target& target : {shape.main, shape.other}) {
      EXPECT_TRUE(target.kind == Target::Kind::none || fits(target, arguments)) << name;
    }
  }
}

bool uses(const Shape& shape, std::size_t argument) {
  return std::ranges::any_of(std::array{shape.main, shape.other}, [&](const Target& target) {
    return target.kind != Target::Kind::none &&
           (target.argument == argument || target.directory == argument);
  });
}

TEST_F(RunningKernel, takes_no_fd_that_a_shape_of_a_traced_syscall_leaves_out) {
  const std::set<std::string> not_the_file = {"open_by_handle_at mountdirfd"};
  for (const auto& [name, arguments] : tracepoints_) {
    const Syscall* row = find_syscall(name);
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      if (!is_traced_by_default(*row) || !is_fd(arguments[i])) continue;
      const std::string fd = name + " " + arguments[i].name;
      EXPECT_NE(uses(shape_of(row->shape), i), not_the_file.contains(fd)) << fd;
    }
  }
}

// Names and numbers of the installed header, which is that of some older or newer kernel.
std::map<std::string, std::uint32_t> read_unistd(const fs::path& name) {
  static const std::regex kDefine(R"(#define __NR_(\w+) (\d+))");
  std::map<std::string, std::uint32_t> numbers;
  for (const fs::path directory : {"/usr/include/x86_64-linux-gnu/asm", "/usr/include/asm"}) {
    std::ifstream header(directory / name);
    for (std::string line; std::getline(header, line);) {
      std::smatch match;
      if (std::regex_match(line, match, kDefine)) {
        numbers[match[1]] = static_cast<std::uint32_t>(std::stoul(match[2]));
      }
    }
  }
  return numbers;
}

struct Table {
  const char* header;
  ior_table table;
};

void PrintTo(const Table& table, std::ostream* out) {
  *out << table.header;
}

class UnistdHeader : public testing::TestWithParam<Table> {};

TEST_P(UnistdHeader, has_no_syscall_without_a_row) {
  const auto numbers = read_unistd(GetParam().header);
  ASSERT_GT(numbers.size(), 300u) << "the header was not found";
  for (const auto& [abi, number] : numbers) {
    const Syscall* row = find_syscall(number, GetParam().table);
    ASSERT_NE(row, nullptr) << abi;
    EXPECT_EQ(row->abi, abi) << number;
  }
}

TEST_P(UnistdHeader, has_every_row_up_to_its_newest_syscall) {
  const auto numbers = read_unistd(GetParam().header);
  std::uint32_t newest = 0;
  for (const auto& [abi, number] : numbers) newest = std::max(newest, number);
  ASSERT_GT(newest, 400u);
  for (const Syscall& row : rows_of(GetParam().table)) {
    if (row.number > newest || kLateInTheMiddle.contains(row.name)) continue;
    const auto found = numbers.find(std::string(row.abi));
    ASSERT_NE(found, numbers.end()) << row.abi;
    EXPECT_EQ(found->second, row.number) << row.abi;
  }
}

INSTANTIATE_TEST_SUITE_P(Installed, UnistdHeader,
                         testing::Values(Table{"unistd_64.h", IOR_TABLE_64},
                                         Table{"unistd_32.h", IOR_TABLE_32}));

// enum io_uring_op: the operations in the order of their numbers.
TEST(UringHeader, has_the_operations_of_the_catalogue_in_its_order) {
  std::ifstream header("/usr/include/linux/io_uring.h");
  const std::regex operation(R"(\s*IORING_OP_([A-Z0-9_]+),)");
  std::uint32_t number = 0;
  for (std::string line; std::getline(header, line);) {
    std::smatch match;
    if (!std::regex_match(line, match, operation)) continue;
    if (match[1] == "LAST") break;
    const Syscall* row = find_syscall(number, IOR_TABLE_URING);
    ASSERT_NE(row, nullptr) << line;
    std::string name = match[1];
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
    EXPECT_EQ(row->abi, name) << number;
    ++number;
  }
  EXPECT_GT(number, 40u) << "the header was not found";
}

}  // namespace
}  // namespace ior
