/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* System calls that make, change, watch or end processes: clone and exec, identities, limits, signals, namespaces. */
#pragma once

#include "task.h"

/* Parent and child each send one: the parent's result is the child's number, the child's is 0. */
INLINE void fill_clone(struct out *o, struct call *c, u64 flags)
{
	struct task_struct *task = c->task;
	struct pid *pid = task->thread_pid;
	struct pid_namespace *ns = namespace_of(pid);
	u64 started = 0;

	res(o);
	if (RET >= 0) {
		put_exe_args(o, task);
	} else {
		put_nothing(o);
		put_nothing(o);
	}
	put_ids(o, task);
	put_cgroups(o, task);
	flags = clone_flags(flags);
	if (FIELD(ns, level) || task->nsproxy->pid_ns_for_children != ns)
		flags |= CLONE_CHILD_IN_PIDNS;
	put_u32(o, flags);
	put_u32(o, task->cred->euid.val);
	put_u32(o, task->cred->egid.val);
	put_s64(o, number_inside(pid));
	put_s64(o, number_inside(task->signal->pids[KIND_TGID]));
	if (RET == 0) {
		struct task_struct *reaper = FIELD(ns, child_reaper);

		started = FIELD(reaper, start_time);
	}
	put_u64(o, started);
}

#define CLONE(NAME, KIND, FLAGS)                     \
	SEC("tracepoint/syscalls/sys_exit_" #NAME)   \
	int x_##NAME(struct sys_exit *ctx)           \
	{                                            \
		struct call cc, *c = &cc;            \
		struct out o;                        \
		if (!begin(&o, KIND, KIND##_PARAMS)) \
			return 0;                    \
		call_of(c, ctx);                     \
		fill_clone(&o, c, FLAGS);            \
		return finish(&o);                   \
	}

INLINE u64 clone3_flags(struct call *c)
{
	u64 flags = 0;

	bpf_probe_read_user(&flags, sizeof(flags), (void *)ARG(0));
	return flags;
}

CLONE(clone, CLONE_20_X, ARG(0))
CLONE(clone3, CLONE3_X, clone3_flags(c))
CLONE(fork, FORK_20_X, 0)
CLONE(vfork, VFORK_20_X, 0)

/* A program that did not start. One that did is sent by sched_process_exec, as nothing can come between. */
INLINE void fill_failed_exec(struct out *o, struct call *c, u64 argv, u64 envp)
{
	u64 first = 0;

	res(o);
	if (!argv) {
		raw_u8(o, 0);
		param(o, 1);
		put_nothing(o);
	} else {
		bpf_probe_read_user(&first, sizeof(first), (void *)argv);
		put_text(o, first);
		put_texts(o, argv + 8, 15);
	}
	put_ids(o, c->task);
	put_cgroups(o, c->task);
	put_texts(o, envp, 16);
	put_program(o, c->task);
}

SEC("tracepoint/syscalls/sys_exit_execve")
int x_execve(struct sys_exit *ctx)
{
	struct call cc, *c = &cc;
	struct out out, *o = &out;

	if (ctx->ret == 0 || !begin(o, EXECVE_19_X, EXECVE_19_X_PARAMS))
		return 0;
	call_of(c, ctx);
	fill_failed_exec(o, c, ARG(1), ARG(2));
	text(o, 0);
	return finish(o);
}

SEC("tracepoint/syscalls/sys_exit_execveat")
int x_execveat(struct sys_exit *ctx)
{
	struct call cc, *c = &cc;
	struct out out, *o = &out;

	if (ctx->ret == 0 || !begin(o, EXECVEAT_X, EXECVEAT_X_PARAMS))
		return 0;
	call_of(c, ctx);
	fill_failed_exec(o, c, ARG(2), ARG(3));
	return finish(o);
}

EXIT(setuid, SETUID_X) { res(o); put_u32(o, UINT(0)); }
EXIT(setgid, SETGID_X) { res(o); put_u32(o, UINT(0)); }
EXIT(setreuid, SETREUID_X) { res(o); put_u32(o, UINT(0)); put_u32(o, UINT(1)); }
EXIT(setregid, SETREGID_X) { res(o); put_u32(o, UINT(0)); put_u32(o, UINT(1)); }
EXIT(setresuid, SETRESUID_X) { res(o); put_u32(o, UINT(0)); put_u32(o, UINT(1)); put_u32(o, UINT(2)); }
EXIT(setresgid, SETRESGID_X) { res(o); put_u32(o, UINT(0)); put_u32(o, UINT(1)); put_u32(o, UINT(2)); }
EXIT(getuid, GETUID_X) { put_u32(o, RET); }
EXIT(geteuid, GETEUID_X) { put_u32(o, RET); }
EXIT(getgid, GETGID_X) { put_u32(o, RET); }
EXIT(getegid, GETEGID_X) { put_u32(o, RET); }

INLINE void put_user_u32(struct out *o, u64 from)
{
	u32 v = 0;

	bpf_probe_read_user(&v, sizeof(v), (void *)from);
	put_u32(o, v);
}
EXIT(getresuid, GETRESUID_X) { res(o); put_user_u32(o, ARG(0)); put_user_u32(o, ARG(1)); put_user_u32(o, ARG(2)); }
EXIT(getresgid, GETRESGID_X) { res(o); put_user_u32(o, ARG(0)); put_user_u32(o, ARG(1)); put_user_u32(o, ARG(2)); }

EXIT(setsid, SETSID_X) { res(o); }
EXIT(setpgid, SETPGID_X) { res(o); put_s64(o, INT(0)); put_s64(o, INT(1)); }
EXIT(setns, SETNS_X) { res(o); fd(o, 0); put_u32(o, clone_flags(ARG(1))); }
EXIT(unshare, UNSHARE_X) { res(o); put_u32(o, clone_flags(ARG(0))); }
EXIT(seccomp, SECCOMP_X) { res(o); put_u64(o, ARG(0)); put_u64(o, UINT(1)); }

EXIT(capset, CAPSET_X)
{
	const struct cred *cred = c->task->cred;

	res(o);
	put_u64(o, cred->cap_inheritable.val);
	put_u64(o, cred->cap_permitted.val);
	put_u64(o, cred->cap_effective.val);
}

enum { PR_SET_NAME = 15, PR_GET_NAME = 16, PR_GET_CHILD_SUBREAPER = 37 };

EXIT(prctl, PRCTL_X)
{
	u32 option = UINT(0), reaper = 0;

	res(o);
	put_u32(o, option);
	if (option == PR_SET_NAME || option == PR_GET_NAME) {
		text(o, 1);
		put_s64(o, 0);
	} else if (option == PR_GET_CHILD_SUBREAPER) {
		bpf_probe_read_user(&reaper, sizeof(reaper), (void *)ARG(1));
		put_nothing(o);
		put_s64(o, reaper);
	} else {
		put_nothing(o);
		put_s64(o, ARG(1));
	}
}

EXIT(kill, KILL_X) { res(o); put_s64(o, INT(0)); put_u8(o, ARG(1)); }
EXIT(tkill, TKILL_X) { res(o); put_s64(o, INT(0)); put_u8(o, ARG(1)); }
EXIT(tgkill, TGKILL_X) { res(o); put_s64(o, INT(0)); put_s64(o, INT(1)); put_u8(o, ARG(2)); }
EXIT(pidfd_open, PIDFD_OPEN_X) { res(o); put_s64(o, INT(0)); put_u32(o, MOVE(UINT(1), 04000, 1)); }
EXIT(pidfd_getfd, PIDFD_GETFD_X) { res(o); fd(o, 0); fd(o, 1); put_u32(o, UINT(2)); }

enum { TO_U64 = 0, TO_SIGNAL = 1 };
enum {
	PTRACE_PEEKTEXT = 2,
	PTRACE_PEEKUSR = 4,
	PTRACE_CONT = 8,
	PTRACE_SINGLESTEP = 10,
	PTRACE_ATTACH = 11,
	PTRACE_DETACH = 12,
	PTRACE_SYSCALL = 13,
	PTRACE_SETOPTIONS = 14,
	PTRACE_GETEVENTMSG = 15,
};

EXIT(ptrace, PTRACE_X)
{
	u16 request = ptrace_request(ARG(0));
	u64 value = ARG(3);

	res(o);
	if (RET < 0) {
		put_nothing(o);
		put_nothing(o);
	} else {
		raw_u8(o, TO_U64);
		raw_u64(o, ARG(2));
		param(o, 9);
		if (request == PTRACE_CONT || request == PTRACE_SINGLESTEP || request == PTRACE_DETACH ||
		    request == PTRACE_SYSCALL) {
			raw_u8(o, TO_SIGNAL);
			raw_u8(o, value);
			param(o, 2);
		} else {
			/* What was read of the other process lies where the caller wanted it. */
			if ((request >= PTRACE_PEEKTEXT && request <= PTRACE_PEEKUSR) || request == PTRACE_GETEVENTMSG)
				bpf_probe_read_user(&value, sizeof(value), (void *)value);
			raw_u8(o, TO_U64);
			raw_u64(o, value);
			param(o, 9);
		}
	}
	put_u16(o, request);
	put_s64(o, INT(1));
}

struct limits {
	s64 now;
	s64 most;
};

INLINE void put_limits(struct out *o, u64 from, bool there)
{
	struct limits l = {};

	if (there)
		bpf_probe_read_user(&l, sizeof(l), (void *)from);
	put_s64(o, there ? l.now : -1);
	put_s64(o, there ? l.most : -1);
}
#define RESOURCE(n) (UINT(n) < 16 ? UINT(n) : 255)
EXIT(getrlimit, GETRLIMIT_X) { res(o); put_limits(o, ARG(1), RET == 0); put_u8(o, RESOURCE(0)); }
EXIT(setrlimit, SETRLIMIT_X) { res(o); put_limits(o, ARG(1), true); put_u8(o, RESOURCE(0)); }
EXIT(prlimit64, PRLIMIT_X)
{
	res(o);
	put_limits(o, ARG(2), true);
	put_limits(o, ARG(3), RET == 0);
	put_s64(o, INT(0));
	put_u8(o, RESOURCE(1));
}
