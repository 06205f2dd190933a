/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* What happens to processes outside their system calls: a program starts, a process ends, switches, gets a signal, faults. */
#pragma once

#include "task.h"

SEC("tp_btf/sched_process_exec")
int t_exec(u64 *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct linux_binprm *program = (void *)ctx[2];
	struct out out, *o = &out;

	if (task->flags & PF_KTHREAD || !begin(o, EXECVE_19_X, EXECVE_19_X_PARAMS))
		return 0;
	put_s64(o, 0);
	put_exe_args(o, task);
	put_ids(o, task);
	put_cgroups(o, task);
	put_env(o, task);
	put_program(o, task);
	put_kernel_text(o, program->filename);
	return finish(o);
}

#define MAX_THREADS 30
#define MAX_ANCESTORS 60

struct thread_search {
	struct list_head *head;
	struct list_head *at;
	s32 found; /* 0 none, -1 too many to tell */
	u32 seen;
};

static long thread_step(u32 index, struct thread_search *s)
{
	struct task_struct *task;

	if (s->at == s->head || !s->at)
		return 1;
	s->seen++;
	task = container_of(s->at, struct task_struct, thread_node);
	if (!(FIELD(task, flags) & PF_EXITING)) {
		s->found = FIELD(task, pid);
		return 1;
	}
	s->at = FIELD(s->at, next);
	return 0;
}

INLINE s32 living_thread(struct task_struct *task)
{
	struct signal_struct *signal = FIELD(task, signal);
	struct thread_search s = {};

	s.head = &signal->thread_head;
	s.at = FIELD(s.head, next);
	bpf_loop(MAX_THREADS, thread_step, &s, 0);
	return s.found ? s.found : s.seen == MAX_THREADS ? -1 : 0;
}

struct reaper_search {
	struct task_struct *at;
	struct task_struct *last; /* the namespace's first process */
	u32 level;
	s32 found;
	bool done;
};

static long reaper_step(u32 index, struct reaper_search *s)
{
	struct signal_struct *signal;
	s32 thread;

	if (s->at == s->last || !s->at || FIELD(FIELD(s->at, thread_pid), level) != s->level) {
		s->found = FIELD(s->last, pid);
		s->done = true;
		return 1;
	}
	signal = FIELD(s->at, signal);
	if (BITS(signal, is_child_subreaper)) {
		thread = living_thread(s->at);
		if (thread) {
			s->found = thread;
			s->done = true;
			return 1;
		}
	}
	s->at = FIELD(s->at, real_parent);
	return 0;
}

/* Who will be the parent of a process's children: another thread of it, the nearest subreaper, or the namespace's first. */
INLINE s32 new_parent(struct task_struct *task)
{
	struct pid *pid = task->thread_pid;
	struct pid_namespace *ns = namespace_of(pid);
	struct reaper_search s = {};
	s32 thread = living_thread(task);

	if (thread)
		return thread;
	s.last = FIELD(ns, child_reaper);
	if (s.last == task)
		return 0;
	if (!BITS(task->signal, has_child_subreaper))
		return FIELD(s.last, pid);
	s.at = task->real_parent;
	s.level = pid->level;
	bpf_loop(MAX_ANCESTORS, reaper_step, &s, 0);
	return s.done ? s.found : -1;
}

SEC("tp_btf/sched_process_exit")
int t_exit(u64 *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct list_head *children = &task->children;
	struct out out, *o = &out;
	s32 code = task->exit_code, signal = code & 0x7f;

	if (!begin(o, PROCEXIT_1_E, PROCEXIT_1_E_PARAMS))
		return 0;
	put_s64(o, code);
	put_s64(o, code >> 8 & 0xff);
	put_u8(o, signal && signal != 0x7f ? signal : 0);
	put_u8(o, (code & 0x80) != 0);
	put_s64(o, FIELD(children, next) != children ? new_parent(task) : 0);
	return finish(o);
}

/*
 * These happen while another event of the same processor may be in the making, so they have room of their own.
 */
INLINE bool begin_small(struct out *o, u32 kind, u32 params)
{
	u32 cpu = bpf_get_smp_processor_id();
	u64 ids = bpf_get_current_pid_tgid();

	if (own_tgid && ids >> 32 == own_tgid)
		return false;
	o->ring = bpf_map_lookup_elem(&rings, &cpu);
	o->buf = bpf_map_lookup_elem(&small_scratches, &cpu);
	if (!o->ring || !o->buf)
		return false;
	put_header(o, kind, params, ids);
	return true;
}

SEC("tp_btf/sched_switch")
int t_switch(u64 *ctx)
{
	struct task_struct *from = (void *)ctx[1], *to = (void *)ctx[2];
	struct out out, *o = &out;

	if (!begin_small(o, SCHEDSWITCH_6_E, SCHEDSWITCH_6_E_PARAMS))
		return 0;
	put_s64(o, to->pid);
	put_u64(o, from->maj_flt);
	put_u64(o, from->min_flt);
	put_memory(o, from);
	return finish(o);
}

SEC("tp_btf/signal_deliver")
int t_signal(u64 *ctx)
{
	struct kernel_siginfo *info = (void *)ctx[1];
	u32 signal = ctx[0], sender = 0;
	struct out out, *o = &out;
	int code = FIELD(info, si_code);

	/* Those in which the union holds a sender. */
	if (signal == 9 || signal == 17 || (signal >= 32 && signal <= 64) ||
	    (code <= 0 && (signal == 15 || signal == 1 || signal == 2 || signal == 20 || signal == 3)))
		sender = FIELD(info, _sifields._kill._pid);
	if (!begin_small(o, SIGNALDELIVER_E, SIGNALDELIVER_E_PARAMS))
		return 0;
	put_s64(o, (s32)sender);
	put_s64(o, bpf_get_current_pid_tgid() & 0xffffffff);
	put_u8(o, signal);
	return finish(o);
}

INLINE int page_fault(u64 *ctx)
{
	struct pt_regs *regs = (void *)ctx[1];
	struct out out, *o = &out;

	if (!begin_small(o, PAGE_FAULT_E, PAGE_FAULT_E_PARAMS))
		return 0;
	put_u64(o, ctx[0]);
	put_u64(o, INSTRUCTION(regs));
	put_u32(o, page_fault_flags(ctx[2]));
	return finish(o);
}

SEC("tp_btf/page_fault_user")
int t_fault_user(u64 *ctx)
{
	return page_fault(ctx);
}

SEC("tp_btf/page_fault_kernel")
int t_fault_kernel(u64 *ctx)
{
	return page_fault(ctx);
}
