// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
/*
 * Eyrie's probe: one program for each system call's exit, and a few tracepoints of the scheduler. The loader loads and
 * attaches only those that are wanted, so a call that nobody wants runs none of this. One translation unit, since the
 * loader takes one set of types.
 */
#include "calls_file.h"
#include "calls_process.h"
#include "calls_net.h"
#include "calls_other.h"
#include "enter.h"
#include "sched.h"

/* What the kernel has to be told for the helpers that are used here. */
char LICENSE[] SEC("license") = "GPL";
