// Text of bounded size, in place: a forked child of a process with threads must not allocate. What
// does not fit is cut off.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <string_view>

namespace fd_steps {

class Text {
 public:
  Text() = default;
  Text(std::string_view text) { *this += text; }
  Text(const char* text) : Text(std::string_view(text)) {}

  Text& operator+=(std::string_view text) {
    const std::size_t size = std::min(text.size(), bytes_.size() - 1 - size_);
    std::copy_n(text.data(), size, bytes_.data() + size_);
    size_ += size;
    bytes_[size_] = '\0';
    return *this;
  }

  Text& operator+=(long number) {
    std::array<char, 24> digits{};
    const auto [end, error] = std::to_chars(digits.begin(), digits.end(), number);
    return *this += std::string_view(digits.data(), end);
  }

  const char* c_str() const { return bytes_.data(); }
  std::string_view view() const { return {bytes_.data(), size_}; }

 private:
  std::array<char, 1024> bytes_{};
  std::size_t size_ = 0;
};

}  // namespace fd_steps
