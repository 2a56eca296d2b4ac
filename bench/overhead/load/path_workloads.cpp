// openclose, stat and paths: calls that name files.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "sliced.hpp"

namespace ior::load {
namespace {

constexpr std::ptrdiff_t kComponents = 8;

// A new file below `directory`, its path of so many components.
std::string make_deep_file(const std::string& directory) {
  namespace fs = std::filesystem;
  fs::path path = directory;
  const auto components = [&path] { return std::ranges::distance(path.relative_path()); };
  while (components() < kComponents - 1) path /= "directory" + std::to_string(components());
  fs::create_directories(path);
  path /= "file";
  std::ofstream(path) << 'x';
  return path;
}

class OpenClose : public Workload {
 public:
  explicit OpenClose(std::string path) : path_(std::move(path)) {}

  Measured run(const Limit& limit) override {
    return run_in_slices(limit, 2, 5'000, [this](std::uint64_t units, Tally& tally) {
      for (std::uint64_t i = 0; i < units; ++i) {
        must(tally, Call::close, must(tally, Call::openat, AT_FDCWD, path_.c_str(), O_RDONLY));
      }
    });
  }

 private:
  std::string path_;
};

class Stat : public Workload {
 public:
  explicit Stat(std::string path) : path_(std::move(path)) {}

  Measured run(const Limit& limit) override {
    return run_in_slices(limit, 1, 10'000, [this](std::uint64_t units, Tally& tally) {
      struct stat status {};
      for (std::uint64_t i = 0; i < units; ++i) {
        must(tally, Call::newfstatat, AT_FDCWD, path_.c_str(), &status, 0);
      }
    });
  }

 private:
  std::string path_;
};

// Real files, because the kernel names only those: each path is seen as the program gives it and
// as the kernel has it. Each is removed at once, so that any number of them takes no room.
class DistinctPaths : public Workload {
 public:
  explicit DistinctPaths(std::string directory) : directory_(std::move(directory)) {
    for (std::uint64_t i = 0; i < kDirectories; ++i) {
      std::filesystem::create_directory(directory_ + name_of_directory(i));
    }
  }

  Measured run(const Limit& limit) override {
    return run_in_slices(limit, 3, 5'000, [this](std::uint64_t units, Tally& tally) {
      for (std::uint64_t i = 0; i < units; ++i, ++next_) touch(tally);
    });
  }

 private:
  static constexpr std::uint64_t kDirectories = 1000;

  static std::string name_of_directory(std::uint64_t number) {
    return "/directory-" + std::to_string(number % kDirectories);
  }

  void touch(Tally& tally) {
    std::array<char, 256> name{};
    std::snprintf(name.data(), name.size(), "%s%s/file-%09llu.data", directory_.c_str(),
                  name_of_directory(next_ / kDirectories).c_str(),
                  static_cast<unsigned long long>(next_));
    must(tally, Call::close,
         must(tally, Call::openat, AT_FDCWD, name.data(), O_WRONLY | O_CREAT | O_EXCL, 0600));
    must(tally, Call::unlink, name.data());
  }

  std::string directory_;
  std::uint64_t next_ = 0;
};

}  // namespace

std::unique_ptr<Workload> make_openclose(const Settings& settings) {
  return std::make_unique<OpenClose>(make_deep_file(settings.directory));
}

std::unique_ptr<Workload> make_stat(const Settings& settings) {
  return std::make_unique<Stat>(make_deep_file(settings.directory));
}

std::unique_ptr<Workload> make_paths(const Settings& settings) {
  return std::make_unique<DistinctPaths>(settings.directory);
}

}  // namespace ior::load
