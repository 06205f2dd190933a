/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Files: from a descriptor to the file, device and inode, the layer of an overlay, and the path of an open file. */
#pragma once

#include "event.h"
#include "flags.h"

INLINE struct file *file_of(struct task_struct *task, s32 number)
{
	struct fdtable *table = task->files->fdt;
	struct file **files, *file = NULL;

	if (number < 0 || (u32)number >= table->max_fds)
		return NULL;
	files = table->fd;
	bpf_probe_read_kernel(&file, sizeof(file), files + number);
	return file;
}

/* As the C library's `dev_t`, low 32 bits. */
INLINE u32 device(u32 dev)
{
	u32 major = dev >> 20, minor = dev & 0xfffff;

	return (minor & 0xff) | major << 8 | (minor & ~0xff) << 12;
}

enum layer { LAYER_NONE, LAYER_UPPER, LAYER_LOWER };

INLINE enum layer overlay_layer(struct file *file)
{
	struct path path = FIELD(file, f_path);
	struct super_block *sb = FIELD(path.dentry, d_sb);
	struct dentry *upper = NULL;
	struct inode *inode;

	if (FIELD(sb, s_magic) != OVERLAYFS_MAGIC)
		return LAYER_NONE;
	inode = FIELD(path.dentry, d_inode);
	/* Overlay's own inode goes on, behind the general one, with the dentry of the upper layer. */
	bpf_probe_read_kernel(&upper, sizeof(upper), (void *)inode + TYPE_SIZE(struct inode));
	if (!upper)
		return LAYER_LOWER;
	inode = FIELD(upper, d_inode);
	return inode && FIELD(inode, i_ino) ? LAYER_UPPER : LAYER_LOWER;
}

struct opened {
	u32 dev;
	u32 flags; /* OPEN_CREATED and layers */
	u64 ino;
};

INLINE void look_at(struct opened *f, struct task_struct *task, s64 number)
{
	struct file *file;
	struct inode *inode;
	struct super_block *sb;

	f->dev = 0;
	f->flags = 0;
	f->ino = 0;
	if (number < 0)
		return;
	file = file_of(task, number);
	if (!file)
		return;
	f->flags = FIELD(file, f_mode) & FMODE_CREATED ? OPEN_CREATED : 0;
	if (number == 0)
		return; /* as libs has it: the file is looked at for descriptors above 0 */
	inode = FIELD(file, f_inode);
	sb = FIELD(inode, i_sb);
	f->ino = FIELD(inode, i_ino);
	f->dev = device(FIELD(sb, s_dev));
	/* Only an overlay's files have layers; others are most, and one look tells. */
	if (FIELD(sb, s_magic) == OVERLAYFS_MAGIC) {
		enum layer layer = overlay_layer(file);

		f->flags |= layer == LAYER_UPPER ? OPEN_UPPER_LAYER : layer == LAYER_LOWER ? OPEN_LOWER_LAYER : 0;
	}
}

#define MAX_COMPONENTS 48
#define SPARE_HALF (MAX_EVENT / 2)

/* One component of a path, from the leaf to the root, written from SPARE_HALF downwards. */
static long walk_step(u32 index, void *unused)
{
	u8 *buf = scratch();
	struct dentry *dentry, *parent;
	struct mount *mount;
	struct work *w;
	struct qstr name;
	u64 at, len;

	if (!buf)
		return 1;
	w = work_of(buf);
	dentry = w->here;
	if (dentry == w->top) {
		struct vfsmount *mnt;

		mount = FIELD((struct mount *)w->mount, mnt_parent);
		if (mount == w->mount) {
			w->done = true;
			return 1;
		}
		w->here = FIELD((struct mount *)w->mount, mnt_mountpoint);
		w->mount = mount;
		mnt = &mount->mnt;
		w->top = FIELD(mnt, mnt_root);
		return 0;
	}
	parent = FIELD(dentry, d_parent);
	if (dentry == parent)
		return 1; /* not below any mount: a pipe, a memfd, … */
	name = FIELD(dentry, d_name);
	len = name.len;
	opaque(len);
	if (len > 255)
		return 1;
	at = w->taken - len;
	asm volatile("%0 &= %1" : "+r"(at) : "i"(SPARE_HALF - 1));
	if (bpf_probe_read_kernel(buf + MAX_EVENT + at, len, name.name))
		return 1;
	at -= 1;
	asm volatile("%0 &= %1" : "+r"(at) : "i"(SPARE_HALF - 1));
	buf[MAX_EVENT + at] = '/';
	w->taken = at;
	w->here = parent;
	return 0;
}

/*
 * Where an open file lies, written at `off` of this processor's event; where it ends. A file that lies nowhere has its name
 * only. A function of its own, which the verifier goes through once.
 */
__attribute__((noinline)) u64 path_text(u64 address, u64 off)
{
	struct file *file = (void *)address;
	u8 *buf = scratch();
	struct work *w;
	struct path path;
	struct out o;
	u64 at;

	if (!buf)
		return off;
	w = work_of(buf);
	w->off = off;
	resume(&o, buf);
	path = FIELD(file, f_path);
	w->here = path.dentry;
	w->top = FIELD(path.mnt, mnt_root);
	w->mount = container_of(path.mnt, struct mount, mnt);
	w->taken = SPARE_HALF - 1;
	w->done = false;
	/* The copy stops at the NUL behind it. */
	buf[MAX_EVENT + SPARE_HALF - 1] = 0;
	bpf_loop(MAX_COMPONENTS, walk_step, NULL, 0);
	at = w->taken;
	asm volatile("%0 &= %1" : "+r"(at) : "i"(SPARE_HALF - 1));
	if (at != SPARE_HALF - 1) {
		raw_kernel_text(&o, buf + MAX_EVENT + at, MAX_PATH);
	} else if (w->done) {
		raw_u16(&o, '/'); /* the root of all */
		advance(&o, 0);
	} else {
		struct qstr name = FIELD(path.dentry, d_name);

		raw_kernel_text(&o, name.name, MAX_PATH);
	}
	return o.off;
}

INLINE void put_path(struct out *o, struct file *file)
{
	u32 start = written(o);

	if (file) {
		advance(o, 0);
		u64 end = path_text((u64)file, o->off);

		o->off = 0;
		o->at = 0;
		advance(o, end);
	}
	param(o, written(o) - start);
}
