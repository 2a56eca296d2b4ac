// What an exercise does to its own process, so that the machine around it stays as it was. Each
// throws SyscallError where it fails.
#pragma once

#include <string>

namespace ioworkload {

// A mount namespace of this process alone, in which mounts stay.
void leave_mounts_alone();

// An IPC namespace of its own: what is in it goes with the process.
void leave_ipc_alone();

// A name of the host of its own.
void leave_host_name_alone();

// What its next children do is counted apart from the machine's processes: a PID namespace.
void leave_accounting_alone();

// A fresh file system, mounted on a directory made for it.
void new_file_system(const std::string& directory);

// A user of its own who can make no process any more.
void allow_no_processes();

// No fd can be opened any more.
void allow_no_fds();

// Neither root nor its capabilities any more.
void become_nobody();

}  // namespace ioworkload
