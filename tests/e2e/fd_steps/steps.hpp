// The steps, by what they do. Each is one turn: its calls, and checks of the fds concerned.
#pragma once

#include "tests/e2e/fd_steps/actor.hpp"

namespace fd_steps {

// table_steps.cpp: fds made, copied and closed.
void open_file(Actor& actor, Choice& choice);
void reopen_fd(Actor& actor, Choice& choice);
void open_unnamed(Actor& actor, Choice& choice);
void open_pair(Actor& actor, Choice& choice);
void duplicate(Actor& actor, Choice& choice);
void close_one(Actor& actor, Choice& choice);
void close_many(Actor& actor, Choice& choice);
void check_one(Actor& actor, Choice& choice);

// tree_steps.cpp: what names are made of.
void make_directory(Actor& actor, Choice& choice);
void rename_path(Actor& actor, Choice& choice);
void link_path(Actor& actor, Choice& choice);
void remove_path(Actor& actor, Choice& choice);
void change_directory(Actor& actor, Choice& choice);
void mount_directory(Actor& actor, Choice& choice);
// After what may have changed any name.
void check_some(Actor& actor, Choice& choice);

// uring_steps.cpp: the same by requests of io_uring.
void make_requests(Actor& actor, Choice& choice);

// pass_steps.cpp: fds passed between tables.
void pass_to_itself(Actor& actor, Choice& choice);
void post_fd(Actor& actor, Choice& choice);
void take_posted_fd(Actor& actor, Choice& choice);
void take_fd_of_process(Actor& actor, Choice& choice);

// process_steps.cpp: tables copied, shared and replaced. These take no turn.
void fork_process(Actor& actor, Choice& choice);
void unshare_table(Actor& actor, Choice& choice);
void exec_itself(Actor& actor, Choice& choice);
void change_cpu(Actor& actor, Choice& choice);

// script.cpp: takes steps until the actor has taken `steps`.
void take_steps(Actor& actor, std::uint32_t steps);

// process_steps.cpp: takes all its steps and waits for its child.
void take_all_steps(Actor& actor);

}  // namespace fd_steps
