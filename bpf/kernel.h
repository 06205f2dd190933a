/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * What the probe reads of the kernel: only the fields it needs, found at load time by CO-RE, so that one object fits
 * kernels of different builds. Also the few BPF helpers that it calls, by number. Nothing here belongs to one event.
 */
#pragma once

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef signed char s8;
typedef short s16;
typedef int s32;
typedef long long s64;
typedef _Bool bool;
#define true 1
#define false 0
#define NULL ((void *)0)

#define SEC(name) __attribute__((section(name), used))
#define INLINE static __attribute__((always_inline)) inline
#define __uint(name, val) int(*name)[val]
#define __type(name, val) __typeof__(val) *name
#define __array(name, val) __typeof__(val) *name[]
/* The structure that a field lies in, by the offset that the running kernel has. */
#define container_of(ptr, type, member) \
	((type *)((void *)(ptr) - __builtin_preserve_field_info(((type *)0)->member, 0)))
/* Hides a value from the optimiser, so that the bounds it was given stay where the verifier sees them. */
#define opaque(x) asm volatile("" : "+r"(x))

enum {
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_ARRAY_OF_MAPS = 12,
	BPF_MAP_TYPE_RINGBUF = 27,
};

static void *(*const bpf_map_lookup_elem)(void *map, const void *key) = (void *)1;
static u32 (*const bpf_get_smp_processor_id)(void) = (void *)8;
static u64 (*const bpf_get_current_pid_tgid)(void) = (void *)14;
static long (*const bpf_probe_read_user)(void *dst, u32 size, const void *src) = (void *)112;
static long (*const bpf_probe_read_kernel)(void *dst, u32 size, const void *src) = (void *)113;
static long (*const bpf_probe_read_user_str)(void *dst, u32 size, const void *src) = (void *)114;
static long (*const bpf_probe_read_kernel_str)(void *dst, u32 size, const void *src) = (void *)115;
static u64 (*const bpf_ktime_get_boot_ns)(void) = (void *)125;
static long (*const bpf_ringbuf_output)(void *ring, void *data, u64 size, u64 flags) = (void *)130;
static struct task_struct *(*const bpf_get_current_task_btf)(void) = (void *)158;
static long (*const bpf_task_pt_regs)(struct task_struct *task) = (void *)175;
static long (*const bpf_loop)(u32 times, void *callback, void *ctx, u64 flags) = (void *)181;

#define BPF_RB_NO_WAKEUP 1

/* Reads a field through a pointer that the verifier does not know. 0 if it cannot be read. */
#define FIELD(ptr, field)                                                                  \
	({                                                                                 \
		__typeof__((ptr)->field) value_; /* zeroed if it cannot be read */            \
		bpf_probe_read_kernel(&value_, sizeof(value_), (const void *)&(ptr)->field); \
		value_;                                                                    \
	})
#define HAS_FIELD(ptr, field) __builtin_preserve_field_info((ptr)->field, 2)
#define TYPE_SIZE(type) __builtin_preserve_type_info(*(__typeof__(type) *)0, 1)
#define ENUM_EXISTS(type, value) __builtin_preserve_enum_value(*(type *)value, 0)
#define ENUM_VALUE(type, value) __builtin_preserve_enum_value(*(type *)value, 1)
/* A field of some bits, in its lowest bits. */
#define BITS(ptr, field)                                                                          \
	({                                                                                        \
		u64 word_ = 0;                                                                    \
		bpf_probe_read_kernel(&word_, __builtin_preserve_field_info((ptr)->field, 1),     \
				      (void *)(ptr) + __builtin_preserve_field_info((ptr)->field, 0)); \
		word_ <<= __builtin_preserve_field_info((ptr)->field, 4);                         \
		word_ >> __builtin_preserve_field_info((ptr)->field, 5);                          \
	})

/* Copied out whole: not to be looked for in the kernel. */
struct in6_addr {
	u32 words[4];
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long r10, r8, r9, dx, si, di, orig_ax, ip;
};
#define ARG0(r) ((r)->di)
#define ARG1(r) ((r)->si)
#define ARG2(r) ((r)->dx)
#define ARG3(r) ((r)->r10)
#define ARG4(r) ((r)->r8)
#define ARG5(r) ((r)->r9)
#define INSTRUCTION(r) ((r)->ip)
#define CALL_NUMBER(r) ((r)->orig_ax)
#elif defined(__TARGET_ARCH_arm64)
struct pt_regs {
	u64 regs[31];
	u64 pc;
	u64 orig_x0;
	s32 syscallno;
};
#define ARG0(r) ((r)->orig_x0)
#define ARG1(r) ((r)->regs[1])
#define ARG2(r) ((r)->regs[2])
#define ARG3(r) ((r)->regs[3])
#define ARG4(r) ((r)->regs[4])
#define ARG5(r) ((r)->regs[5])
#define INSTRUCTION(r) ((r)->pc)
#define CALL_NUMBER(r) ((r)->syscallno)
#else
#error "no registers are known for this architecture"
#endif

typedef struct {
	u32 val;
} kuid_t;
typedef struct {
	u32 val;
} kgid_t;

struct list_head {
	struct list_head *next;
};

struct qstr {
	u32 len;
	const unsigned char *name;
};

struct super_block {
	u32 s_dev;
	unsigned long s_flags;
	unsigned long s_magic;
};

struct timespec64 {
	s64 tv_sec;
	long tv_nsec;
};

struct inode {
	u16 i_mode;
	kuid_t i_uid;
	kgid_t i_gid;
	u32 i_flags;
	struct super_block *i_sb;
	unsigned long i_ino;
};
/* Times moved: two structures, then renamed (6.6, 6.7), then seconds and nanoseconds apart (6.11). */
struct inode___old {
	struct timespec64 i_mtime;
	struct timespec64 i_ctime;
};
struct inode___mid {
	struct timespec64 __i_mtime;
	struct timespec64 __i_ctime;
};
struct inode___new {
	s64 i_mtime_sec;
	s64 i_ctime_sec;
	u32 i_mtime_nsec;
	u32 i_ctime_nsec;
};

struct dentry {
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
	struct super_block *d_sb;
};

struct vfsmount {
	struct dentry *mnt_root;
};

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct file {
	u32 f_mode;
	void *private_data;
	struct inode *f_inode;
	struct path f_path;
};

struct fdtable {
	u32 max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct pid_namespace {
	struct task_struct *child_reaper;
	u32 level;
};

struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct pid {
	u32 level;
	struct upid numbers[1];
};

struct nsproxy {
	struct pid_namespace *pid_ns_for_children;
};

struct tty_driver {
	int major;
	int minor_start;
};

struct tty_struct {
	struct tty_driver *driver;
	int index;
};

struct rlimit {
	unsigned long rlim_cur;
	unsigned long rlim_max;
};

enum pid_kind { KIND_PID, KIND_TGID, KIND_PGID, KIND_SID };

struct signal_struct {
	struct list_head thread_head;
	struct pid *pids[4];
	struct tty_struct *tty;
	u32 is_child_subreaper : 1;
	u32 has_child_subreaper : 1;
	struct rlimit rlim[16];
};

struct group_info {
	int ngroups;
	kgid_t gid[1];
};

struct uid_gid_extent {
	u32 first;
	u32 lower_first;
	u32 count;
};

struct uid_gid_map {
	struct uid_gid_extent extent[5];
	u32 nr_extents;
};

struct user_namespace {
	struct uid_gid_map uid_map;
	struct uid_gid_map gid_map;
};

/* Two words until 6.3, one afterwards: the same bytes. */
typedef struct {
	u64 val;
} kernel_cap_t;

struct cred {
	kuid_t euid;
	kgid_t egid;
	kuid_t fsuid;
	kgid_t fsgid;
	kernel_cap_t cap_inheritable;
	kernel_cap_t cap_permitted;
	kernel_cap_t cap_effective;
	struct user_namespace *user_ns;
	struct group_info *group_info;
};

struct percpu_counter {
	s64 count;
};

struct mm_struct {
	unsigned long total_vm;
	unsigned long arg_start, arg_end, env_start, env_end;
	struct file *exe_file;
	struct percpu_counter rss_stat[4];
};
struct counter___old {
	s64 counter;
};
struct mm_rss_stat {
	struct counter___old count[4];
};
struct mm_struct___old {
	struct mm_rss_stat rss_stat;
};

struct kernfs_node {
	const char *name;
	struct kernfs_node *parent;
};
struct kernfs_node___new {
	struct kernfs_node *__parent;
};

struct cgroup {
	struct kernfs_node *kn;
};

struct cgroup_subsys {
	const char *name;
};

struct cgroup_subsys_state {
	struct cgroup *cgroup;
	struct cgroup_subsys *ss;
};

struct css_set {
	struct cgroup_subsys_state *subsys[12];
};

struct thread_info {
	unsigned long flags;
	u32 status;
};

struct task_struct {
	struct thread_info thread_info;
	u32 flags;
	struct mm_struct *mm;
	int exit_code;
	int pid;
	int tgid;
	struct task_struct *real_parent;
	struct list_head children;
	struct pid *thread_pid;
	struct list_head thread_node;
	u64 start_time;
	unsigned long min_flt;
	unsigned long maj_flt;
	const struct cred *cred;
	char comm[16];
	struct files_struct *files;
	struct nsproxy *nsproxy;
	struct signal_struct *signal;
	kuid_t loginuid;
	struct css_set *cgroups;
};

struct linux_binprm {
	const char *filename;
};

/* Sockets. */
struct sock_common {
	u32 skc_daddr;
	u16 skc_dport;
	u16 skc_family;
	struct in6_addr skc_v6_daddr;
};

struct sock {
	struct sock_common __sk_common;
	u32 sk_ack_backlog;
	u32 sk_max_ack_backlog;
};

struct ipv6_pinfo {
	struct in6_addr saddr;
};

struct inet_sock {
	struct ipv6_pinfo *pinet6;
	u32 inet_saddr;
	u16 inet_sport;
};

struct sockaddr_un {
	u16 sun_family;
};
struct unix_address {
	struct sockaddr_un name[1];
};

struct unix_sock {
	struct unix_address *addr;
	struct sock *peer;
};

struct socket {
	struct sock *sk;
};

/* A signal's sender, wherever the union has it. */
union __sifields {
	struct {
		int _pid;
	} _kill;
};
struct kernel_siginfo {
	int si_code;
	union __sifields _sifields;
};

enum cgroup_subsys_id { cpuset_cgrp_id, cpu_cgrp_id, cpuacct_cgrp_id, io_cgrp_id, memory_cgrp_id };

#pragma clang attribute pop

#define PF_KTHREAD 0x00200000
#define PF_EXITING 0x00000004

#define SB_RDONLY 1
#define S_IMMUTABLE 8
#define S_IFMT 0170000
#define S_IFSOCK 0140000
#define OVERLAYFS_MAGIC 0x794c7630
#define FMODE_CREATED 0x100000
#define CAP_DAC_OVERRIDE 1
#define CAP_FOWNER 3
#define RLIMIT_NOFILE 7

#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10

#define EINPROGRESS 115
