// One run, watched by ior and by strace: both must tell the same calls of each thread, in the same
// order, with the same return values and files. ior follows strace, which runs the program, so
// that both see the same processes.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <map>
#include <regex>

#include "tests/e2e/strace_log.hpp"
#include "tests/e2e/trace.hpp"
#include "tests/support/rows.hpp"

namespace ior::e2e {
namespace {

struct Row {
  std::string comm, name, ret, files;
  pid_t pid = 0, tid = 0;
};

// Beside a socket's inode ior says what it is; strace -y does not.
std::string without_socket_details(const std::string& files) {
  static const std::regex details(R"(socket:\[(\d+) ([^\[\]]|\[[^\]]*\])*\])");
  return std::regex_replace(files, details, "socket:[$1]");
}

std::vector<Row> rows_of(const Traced& traced) {
  std::vector<Row> rows;
  const test::Rows read = test::read_rows(traced.ior.out);
  EXPECT_EQ(read.others, 0u) << "rows of another number of fields";
  for (const test::Row& row : read.rows) {
    rows.push_back({.comm = row.at("comm"),
                    .name = row.at("name"),
                    .ret = row.at("ret"),
                    .files = without_socket_details(row.at("file")),
                    .pid = std::stoi(row.at("pid")),
                    .tid = std::stoi(row.at("tid"))});
  }
  return rows;
}

// strace's own calls, and those of the child that it makes up to the exec of the program.
bool is_of_strace(const Row& row, pid_t strace, pid_t program) {
  if (row.pid == strace) return true;
  return row.comm == "strace" && !(row.tid == program && row.name == "execve");
}

std::string shown(const Row& row) {
  return row.name + " = " + row.ret + "  " + row.files;
}

std::string shown(const StraceCall& call) {
  return call.name + " = " + call.ret.value_or("?") + "  " + call.files.value_or("?") +
         "\n         wrote: " + call.text;
}

// What a link of procfs led to the log does not tell.
bool tells_files(const StraceCall& call) {
  return call.files && !call.files->starts_with("/proc/self/fd/");
}

// Without the mount namespaces, of which the log does not tell.
std::string without_roots(const std::string& files) {
  return std::regex_replace(files, std::regex("mnt:\\[\\d+\\]"), "");
}

bool agree(const StraceCall& call, const Row& row) {
  return call.name == row.name && (!call.ret || *call.ret == row.ret) &&
         (!tells_files(call) || *call.files == without_roots(row.files));
}

struct Compared {
  std::size_t calls = 0, untold = 0, without_row = 0;
};

// A thread that is killed at the door of a call has no row of it: those are counted.
Compared compare_thread(pid_t tid, const std::vector<StraceCall>& strace,
                        const std::vector<Row>& ior) {
  Compared compared;
  std::size_t next = 0;
  for (const StraceCall& call : strace) {
    if (next < ior.size() && agree(call, ior[next])) {
      ++next;
      ++compared.calls;
      compared.untold += !call.ret || !call.files;
    } else if (call.cut_short) {
      ++compared.without_row;
    } else {
      ADD_FAILURE() << "thread " << tid << ", call " << next + 1 << "\n strace: " << shown(call)
                    << "\n ior:    " << (next < ior.size() ? shown(ior[next]) : "no more rows")
                    << "\n before: " << (next > 0 ? shown(ior[next - 1]) : "nothing");
      return compared;
    }
  }
  if (next < ior.size()) {
    ADD_FAILURE() << "thread " << tid
                  << ": ior shows a call that strace does not\n ior: " << shown(ior[next]);
  }
  return compared;
}

// Of a line of the summary.
std::size_t counted(const std::string& summary, const std::string& cause) {
  std::smatch match;
  if (!std::regex_search(summary, match, std::regex(cause + " +(\\d+)"))) return 0;
  return std::stoul(match[1]);
}

void write_to(const std::string& file) {
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::dup2(fd, STDOUT_FILENO);
  ::dup2(fd, STDERR_FILENO);
  ::close(fd);
}

void exec_strace(const std::string& directory, const std::string& log,
                 const std::vector<std::string>& program) {
  std::vector<std::string> command_line = {"strace", "-f", "-y", "-s", "256", "-o", log, "--"};
  command_line.insert(command_line.end(), program.begin(), program.end());
  std::vector<char*> arguments;
  for (auto& argument : command_line) arguments.push_back(argument.data());
  arguments.push_back(nullptr);
  write_to(log + ".out");
  if (::chdir(directory.c_str()) == 0) ::execvp(arguments[0], arguments.data());
}

std::string read_all(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

struct Program {
  std::string name;
  std::vector<std::string> command_line;
  std::size_t calls_at_least;
};

void PrintTo(const Program& program, std::ostream* out) {
  *out << program.name;
}

class Strace : public testing::TestWithParam<Program> {};

TEST_P(Strace, tells_the_same) {
  const TempDir directory, logs;
  const std::string log = logs.file("log");
  const Traced traced =
      trace_child([&] { exec_strace(directory.path(), log, GetParam().command_line); },
                  {"-f", "-plain", "-trace-families", "all"});
  ASSERT_FALSE(HasFailure()) << read_all(log + ".out");

  std::map<pid_t, std::vector<StraceCall>> strace;
  std::map<pid_t, std::vector<Row>> ior;
  const std::vector<StraceCall> calls = read_strace_log(read_all(log), directory.path());
  ASSERT_FALSE(calls.empty());
  for (const StraceCall& call : calls) strace[call.tid].push_back(call);
  for (const Row& row : rows_of(traced)) {
    if (!is_of_strace(row, traced.pid, calls.front().tid)) ior[row.tid].push_back(row);
  }

  Compared all;
  for (const auto& [tid, rows] : ior) strace[tid];
  for (const auto& [tid, thread] : strace) {
    const Compared compared = compare_thread(tid, thread, ior[tid]);
    all.calls += compared.calls;
    all.untold += compared.untold;
    all.without_row += compared.without_row;
  }
  std::cout << all.calls << " calls of " << strace.size() << " threads compared, of " << all.untold
            << " strace does not tell all, " << all.without_row << " without a row\n";
  EXPECT_GE(all.calls, GetParam().calls_at_least);
  EXPECT_LE(all.without_row,
            counted(traced.ior.err, "died_in_call") + counted(traced.ior.err, "exit_only"))
      << "calls that ior neither shows nor counts";
}

Program shell(std::string name, const std::string& script, std::size_t calls_at_least) {
  return {std::move(name), {"/bin/sh", "-ec", script}, calls_at_least};
}

INSTANTIATE_TEST_SUITE_P(
    programs, Strace,
    testing::Values(
        Program{"cp", {"/bin/cp", "-r", "/usr/include/linux", "copy"}, 2000},
        shell("tar", "tar cf all.tar -C /usr/include/x86_64-linux-gnu sys && tar xf all.tar", 1000),
        Program{"find", {"/usr/bin/find", "/usr/share/doc", "-maxdepth", "2", "-size", "+1k"}, 500},
        shell("sort", "seq 200000 -1 1 > in; sort -S 1M --parallel=2 -o out in", 300),
        shell("pipeline",
              "mkdir sub; cd sub; for i in 1 2 3 4 5; do echo line $i > file$i; done; "
              "cat file* | tr a-z A-Z | sed s/L/l/ | tee copy | wc -l > count; cd ..; "
              "ls -l sub | head -2; mv sub/copy moved; ln -s moved link; cat < link; rm -r sub",
              500),
        shell("sqlite",
              "sqlite3 base.db 'create table t(a, b); begin; insert into t values(1, 2); commit; "
              "pragma journal_mode=wal; insert into t values(3, 4); select * from t; vacuum;'",
              200),
        shell("git",
              "export HOME=$PWD GIT_CONFIG_NOSYSTEM=1; git init -q r; cd r; echo a > a; mkdir d; "
              "echo b > d/b; git add .; "
              "git -c user.name=n -c user.email=e@x commit -qm first; git status; git log -p",
              2000),
        Program{"python",
                {"/usr/bin/python3", "-c",
                 "import json, subprocess, tempfile, threading, sqlite3, asyncio\n"
                 "threading.Thread(target=lambda: open('/etc/hosts').read()).start()\n"
                 "with tempfile.TemporaryFile() as f: f.write(b'x')\n"
                 "subprocess.run(['/bin/echo', 'x'], cwd='/usr')\n"
                 "asyncio.run(asyncio.sleep(0.01))"},
                1000},
        shell("gcc",
              "printf '#include <stdio.h>\nint main() { return 0; }' > a.c; gcc a.c -o a; ./a",
              2000),
        shell("coreutils",
              "timeout 0.1 sleep 1 || :; dd if=/dev/zero of=f bs=4k count=10; sync f; stat f; "
              "truncate -s 1M f; touch -r f g; ln f h; mkfifo p; cat p & echo x > p; wait; "
              "chmod 600 f; du -s .; flock f true; tail -n1 /etc/passwd; install f k; mktemp; "
              "split -b 100k f; tac /etc/passwd; ls -lR /etc; unlink h",
              3000),
        shell("bash",
              "bash -c 'cat <(echo a) <(echo b); read x <<< hi; exec 7<>f; echo a >&7; coproc cat; "
              "echo z >&${COPROC[1]}; trap \"echo t\" USR1; kill -USR1 $$; (cd /; ls etc)'",
              500),
        shell("mounts",
              "unshare -m sh -ec 'mkdir m n; mount -t tmpfs t m; echo x > m/f; cd m; mkdir d; "
              "cd d; cat ../f; mount --bind . ../../n; cat ../f; ls ..; cd ../..; umount n'",
              500),
        Program{"fds", {IOR_FD_PROGRAM}, 700}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace ior::e2e
