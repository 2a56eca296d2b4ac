#include "tests/support/denied_calls.hpp"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

#include <array>
#include <cstddef>
#include <cstdlib>

namespace ior::test {

void deny(const DeniedCall& call) {
  const auto argument =
      static_cast<std::uint32_t>(offsetof(seccomp_data, args) + 8 * call.argument);
  const auto error = static_cast<std::uint32_t>(call.error);
  std::array filter = {sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                       sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
                                            static_cast<std::uint32_t>(call.number), 0, 4),
                       sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, argument),
                       sock_filter BPF_STMT(BPF_ALU | BPF_AND | BPF_K, call.mask),
                       sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call.value, 0, 1),
                       sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
                       sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const sock_fprog program{filter.size(), filter.data()};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
    std::abort();
  }
}

}  // namespace ior::test
