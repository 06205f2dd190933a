/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * What an event says of a process: ids as the host and its own namespace see them, memory, credentials, control groups,
 * arguments, the file it runs. Pointers that come from the task itself are followed directly, which the verifier checks
 * and the kernel makes safe; others are read with FIELD.
 */
#pragma once

#include "file.h"

/* A process's number in the namespace that it lives in. */
INLINE s64 number_inside(struct pid *pid)
{
	struct upid up = {};
	u32 level = FIELD(pid, level);

	bpf_probe_read_kernel(&up, sizeof(up),
			      (void *)pid + __builtin_preserve_field_info(pid->numbers, 0) + (level & 63) * sizeof(up));
	return up.nr;
}

INLINE struct pid_namespace *namespace_of(struct pid *pid)
{
	struct upid up = {};
	u32 level = FIELD(pid, level);

	bpf_probe_read_kernel(&up, sizeof(up),
			      (void *)pid + __builtin_preserve_field_info(pid->numbers, 0) + (level & 63) * sizeof(up));
	return up.ns;
}

INLINE s64 number_outside(struct pid *pid)
{
	struct upid up = {};

	bpf_probe_read_kernel(&up, sizeof(up), (void *)pid + __builtin_preserve_field_info(pid->numbers, 0));
	return up.nr;
}

/* Pages as KiB, on machines with pages of 4 KiB; rodata, as the loader sets it, on others. */
const volatile u32 page_shift = 12;
#define KIB(pages) ((u32)((pages) << (page_shift - 10)))

INLINE void put_memory(struct out *o, struct task_struct *task)
{
	struct mm_struct *mm = task->mm;
	s64 rss = 0, swap = 0;

	if (HAS_FIELD((struct mm_rss_stat *)0, count)) {
		struct mm_struct___old *old = (void *)mm;

		rss = FIELD(old, rss_stat.count[0].counter) + FIELD(old, rss_stat.count[1].counter) +
		      FIELD(old, rss_stat.count[3].counter);
		swap = FIELD(old, rss_stat.count[2].counter);
	} else {
		rss = FIELD(mm, rss_stat[0].count) + FIELD(mm, rss_stat[1].count) + FIELD(mm, rss_stat[3].count);
		swap = FIELD(mm, rss_stat[2].count);
	}
	put_u32(o, KIB(mm->total_vm));
	put_u32(o, KIB(rss));
	put_u32(o, KIB(swap));
}

/* The program's name for itself, then its arguments. */
INLINE void put_exe_args(struct out *o, struct task_struct *task)
{
	u64 start = task->mm->arg_start, len = task->mm->arg_end - start;
	u32 exe = raw_user_text(o, (const void *)start, MAX_ARGS);

	param(o, exe);
	len -= exe;
	if ((s64)len <= 0 || exe >= MAX_ARGS) {
		put_nothing(o);
		return;
	}
	put_strings(o, start + exe, len, MAX_ARGS - 1);
}

INLINE void put_env(struct out *o, struct task_struct *task)
{
	u64 start = task->mm->env_start;

	put_strings(o, start, task->mm->env_end - start, MAX_ARGS);
}

static long one_text(u32 index, void *unused)
{
	u8 *buf = scratch();
	struct work *w;
	struct out o;
	u64 from = 0, left;

	if (!buf)
		return 1;
	w = work_of(buf);
	left = w->left;
	opaque(left);
	if (left < 2 || left > MAX_ARGS)
		return 1;
	if (bpf_probe_read_user(&from, sizeof(from), (void *)(w->from + 8 * index)) || !from)
		return 1;
	resume(&o, buf);
	w->left -= raw_user_text(&o, (const void *)from, left);
	suspend(&o);
	return 0;
}

/* The strings that an array of pointers, which a NULL ends, points to: the arguments of a program that did not start. */
INLINE void put_texts(struct out *o, u64 array, u32 most)
{
	struct work *w = work_of(o->buf);
	u32 start = written(o);

	w->from = array;
	w->left = MAX_ARGS;
	if (array)
		loop(o, most, one_text);
	param(o, written(o) - start);
}

INLINE void put_ids(struct out *o, struct task_struct *task)
{
	put_s64(o, task->pid);
	put_s64(o, task->tgid);
	put_s64(o, task->real_parent->pid);
	put_nothing(o); /* cwd: never sent, the state knows it */
	put_u64(o, task->signal->rlim[RLIMIT_NOFILE].rlim_cur);
	put_u64(o, task->maj_flt);
	put_u64(o, task->min_flt);
	put_memory(o, task);
	param(o, raw_kernel_text(o, task->comm, 16));
}

#define MAX_CGROUP_LEVELS 8

INLINE struct kernfs_node *kernfs_parent(struct kernfs_node *node)
{
	struct kernfs_node___new *now = (void *)node;

	return HAS_FIELD(now, __parent) ? FIELD(now, __parent) : FIELD(node, parent);
}

static long cgroup_step(u32 index, void *unused)
{
	u8 *buf = scratch();
	struct kernfs_node *node, *parent;
	struct work *w;
	const char *name;
	u64 at, len;

	if (!buf)
		return 1;
	w = work_of(buf);
	node = w->here;
	parent = kernfs_parent(node);
	if (!parent)
		return 1; /* the root has no name */
	/* The name goes where it ends at what is there: first to a place of its own, since its length is not known. */
	name = FIELD(node, name);
	len = bpf_probe_read_kernel_str(buf + MAX_EVENT + SPARE_HALF, 256, name);
	len -= 1;
	opaque(len);
	if (len > 255)
		return 1;
	at = w->taken - len;
	asm volatile("%0 &= %1" : "+r"(at) : "i"(SPARE_HALF - 1));
	bpf_probe_read_kernel(buf + MAX_EVENT + at, len, buf + MAX_EVENT + SPARE_HALF);
	at -= 1;
	asm volatile("%0 &= %1" : "+r"(at) : "i"(SPARE_HALF - 1));
	buf[MAX_EVENT + at] = '/';
	w->taken = at;
	w->here = parent;
	return 0;
}

/*
 * One control group of the task, `name=/path` with its NUL, written at `off` of this processor's event; where it ends.
 * A function of its own, so that the verifier goes through it once and not for each group.
 */
__attribute__((noinline)) u64 cgroup_text(u64 state, u64 off)
{
	struct cgroup_subsys_state *css = (void *)state;
	u8 *buf = scratch();
	struct work *w;
	struct out o;
	u64 at;

	if (!buf)
		return off;
	w = work_of(buf);
	w->off = off;
	resume(&o, buf);
	raw_kernel_name(&o, FIELD(FIELD(css, ss), name), 32);
	raw_u8(&o, '=');
	w->here = FIELD(FIELD(css, cgroup), kn);
	w->taken = SPARE_HALF - 1;
	buf[MAX_EVENT + SPARE_HALF - 1] = 0;
	bpf_loop(MAX_CGROUP_LEVELS, cgroup_step, NULL, 0);
	at = w->taken;
	asm volatile("%0 &= %1" : "+r"(at) : "i"(SPARE_HALF - 1));
	if (at == SPARE_HALF - 1) {
		raw_u16(&o, '/');
		advance(&o, 0);
	} else {
		raw_kernel_text(&o, buf + MAX_EVENT + at, MAX_PATH);
	}
	return o.off;
}

#define CGROUP(id)                                                                 \
	if (ENUM_EXISTS(enum cgroup_subsys_id, id))                                \
		end = cgroup_text((u64)FIELD(groups, subsys[id]), end)

INLINE void put_cgroups(struct out *o, struct task_struct *task)
{
	struct css_set *groups = task->cgroups;
	u32 start = written(o);
	u64 end;

	advance(o, 0);
	end = o->off;
	CGROUP(cpuset_cgrp_id);
	CGROUP(cpu_cgrp_id);
	CGROUP(cpuacct_cgrp_id);
	CGROUP(io_cgrp_id);
	CGROUP(memory_cgrp_id);
	o->off = 0;
	o->at = 0;
	advance(o, end);
	param(o, written(o) - start);
}

INLINE u32 terminal(struct task_struct *task)
{
	struct tty_struct *tty = task->signal->tty;
	struct tty_driver *driver;

	if (!tty)
		return 0;
	driver = tty->driver;
	return device(((u32)driver->major << 20 | driver->minor_start) + tty->index);
}

INLINE u32 login_uid(struct task_struct *task)
{
	return HAS_FIELD(task, loginuid) ? task->loginuid.val : -1;
}

INLINE u64 epoch_ns(s64 seconds, u64 nanoseconds)
{
	return seconds < 0 ? 0 : seconds * 1000000000ull + nanoseconds;
}

INLINE void put_inode(struct out *o, struct inode *inode)
{
	struct inode___old *old = (void *)inode;
	struct inode___mid *mid = (void *)inode;
	struct inode___new *now = (void *)inode;
	u64 changed, modified;

	if (HAS_FIELD(now, i_ctime_sec)) {
		changed = epoch_ns(FIELD(now, i_ctime_sec), FIELD(now, i_ctime_nsec));
		modified = epoch_ns(FIELD(now, i_mtime_sec), FIELD(now, i_mtime_nsec));
	} else {
		struct timespec64 c = HAS_FIELD(mid, __i_ctime) ? FIELD(mid, __i_ctime) : FIELD(old, i_ctime);
		struct timespec64 m = HAS_FIELD(mid, __i_mtime) ? FIELD(mid, __i_mtime) : FIELD(old, i_mtime);

		changed = epoch_ns(c.tv_sec, c.tv_nsec);
		modified = epoch_ns(m.tv_sec, m.tv_nsec);
	}
	put_u64(o, FIELD(inode, i_ino));
	put_u64(o, changed);
	put_u64(o, modified);
}

struct group_search {
	struct group_info *groups;
	u32 low, high, wanted;
	bool found;
};

static long search_step(u32 index, struct group_search *s)
{
	u32 middle, group = 0;

	if (s->low >= s->high)
		return 1;
	middle = (s->low + s->high) / 2;
	bpf_probe_read_kernel(&group, sizeof(group),
			      (void *)s->groups + __builtin_preserve_field_info(s->groups->gid, 0) + 4 * middle);
	if (group == s->wanted) {
		s->found = true;
		return 1;
	}
	if (s->wanted > group)
		s->low = middle + 1;
	else
		s->high = middle;
	return 0;
}

INLINE bool has_group(const struct cred *cred, u32 group)
{
	struct group_search s = {.groups = cred->group_info, .wanted = group};

	s.high = s.groups->ngroups;
	bpf_loop(17, search_step, &s, 0);
	return s.found;
}

struct id_search {
	struct uid_gid_map *map;
	u32 id;
	bool found;
};

static long extent_step(u32 index, struct id_search *s)
{
	struct uid_gid_extent e;

	if (index >= FIELD(s->map, nr_extents))
		return 1;
	bpf_probe_read_kernel(&e, sizeof(e), &s->map->extent[0]);
	s->found = s->id >= e.lower_first && s->id - e.lower_first < e.count;
	s->map = (void *)s->map + sizeof(e);
	return s->found;
}

/* Whether an id of the machine has one in a namespace. */
INLINE bool is_mapped(struct uid_gid_map *map, u32 id)
{
	struct id_search s = {.map = map, .id = id};

	bpf_loop(5, extent_step, &s, 0);
	return s.found;
}

/* Whether the process could write to the file that it runs. */
INLINE bool may_write(struct task_struct *task, struct inode *inode)
{
	const struct cred *cred = task->cred;
	struct user_namespace *ns = cred->user_ns;
	u32 uid = inode->i_uid.val, gid = inode->i_gid.val, mode = inode->i_mode;
	u64 caps = cred->cap_effective.val;
	bool uid_mapped;

	if (inode->i_sb->s_flags & SB_RDONLY || inode->i_flags & S_IMMUTABLE)
		return false;
	if (uid == -1 || gid == -1)
		return false;
	if (cred->fsuid.val == uid)
		return true;
	if (gid == cred->fsgid.val || has_group(cred, gid))
		mode >>= 3;
	if (mode & 2)
		return true;
	if (!(caps & (1 << CAP_DAC_OVERRIDE | 1 << CAP_FOWNER)))
		return false;
	uid_mapped = is_mapped(&ns->uid_map, uid);
	if (caps & 1 << CAP_FOWNER)
		return uid_mapped;
	return uid_mapped && is_mapped(&ns->gid_map, gid);
}

INLINE bool is_memfd(struct file *file)
{
	struct dentry *dentry = file->f_path.dentry;
	char name[8] = {};

	if (dentry->d_parent != dentry)
		return false;
	bpf_probe_read_kernel_str(name, 7, dentry->d_name.name);
	return *(u32 *)name == 0x666d656d /* memf */ && name[4] == 'd' && name[5] == ':';
}

enum { EXE_WRITABLE = 1, EXE_UPPER_LAYER = 2, EXE_FROM_MEMFD = 4, EXE_LOWER_LAYER = 8 };

/* What is odd about the file that the current process runs. Once for the verifier, as path_text. */
__attribute__((noinline)) u32 program_flags(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct file *file = task->mm->exe_file;
	enum layer layer = overlay_layer(file);
	u32 flags = 0;

	if (may_write(task, file->f_inode))
		flags |= EXE_WRITABLE;
	flags |= layer == LAYER_UPPER ? EXE_UPPER_LAYER : layer == LAYER_LOWER ? EXE_LOWER_LAYER : 0;
	if (is_memfd(file))
		flags |= EXE_FROM_MEMFD;
	return flags;
}

/* Everything from the terminal to the group: what exec events end with. */
INLINE void put_program(struct out *o, struct task_struct *task)
{
	struct file *file = task->mm->exe_file;
	const struct cred *cred = task->cred;

	put_u32(o, terminal(task));
	put_s64(o, number_inside(task->signal->pids[KIND_PGID]));
	put_u32(o, login_uid(task));
	put_u32(o, program_flags());
	put_u64(o, cred->cap_inheritable.val);
	put_u64(o, cred->cap_permitted.val);
	put_u64(o, cred->cap_effective.val);
	put_inode(o, file->f_inode);
	put_u32(o, cred->euid.val);
	put_path(o, FIELD(task->mm, exe_file));
	put_s64(o, number_outside(task->signal->pids[KIND_PGID]));
	put_u32(o, cred->egid.val);
}
