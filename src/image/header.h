/*
 * header.h - the first record of every image: where and by what it was made.
 *
 * Asked by trying wherever the kernel can be tried (never from its version).  DESIGN: the header.
 */
#ifndef IMAGE_HEADER_H
#define IMAGE_HEADER_H

#include <stdbool.h>
#include <stdint.h>

#include "image/record.h"

struct ctx;

/* Bits of image_header.abilities: what the kernel that made the image could do. */
enum ability {
	CAN_IA32 = 1 << 0,   /* runs i386 tasks (ia32 emulation) or is an i386 kernel */
	CAN_X86_64 = 1 << 1, /* runs x86-64 tasks */
	/* CONFIG_CHECKPOINT_RESTORE: prctl(PR_SET_MM_MAP) answers */
	CAN_CHECKPOINT_RESTORE = 1 << 2,
	CAN_SOFT_DIRTY = 1 << 3,    /* CONFIG_MEM_SOFT_DIRTY */
	CAN_PAGEMAP_SCAN = 1 << 4,  /* ioctl PAGEMAP_SCAN, since v6.7 */
	CAN_UFFD_WP_ASYNC = 1 << 5, /* since v6.7 */
	CAN_TIME_NS = 1 << 6,
	CAN_SHADOW_STACK = 1 << 7,
	CAN_RSEQ = 1 << 8,
};

struct image_header {
	uint32_t format; /* IMAGE_FORMAT */
	char *tool;	 /* "reprise 0.1" */
	uint64_t time;	 /* seconds since 1970 */
	char *hostname, *boot_id;
	char *kernel_release, *kernel_version, *machine;
	char *kernel_config; /* "CONFIG_HZ=250 CONFIG_X86_X32_ABI=n ...", those that matter, where
				readable; else NULL */
	uint64_t abilities;
	uint32_t page_size;
	uint32_t hz;   /* sysconf(_SC_CLK_TCK) */
	uint32_t nsig; /* 64: sizes of kernel constants */
	uint32_t ngroups_max, auxv_size, siginfo_size, rseq_feature_size, rseq_align;
	char *cpu_vendor, *cpu_model;
	uint32_t cpu_family, cpu_model_id, cpu_stepping;
	struct bytes cpu_features; /* F_U32S: raw cpuid words, in the order doc/IMAGE.md gives */
	uint64_t xcr0;
	uint32_t xsave_size;	   /* bytes that PTRACE_GETREGSET NT_X86_XSTATE returns here */
	struct bytes xsave_layout; /* F_U32S: for every component 2..62 in xcr0: number, offset,
				      size, flags */
	uint32_t root_pid;	   /* the PID the checkpoint was asked for */
};

extern const struct record_type image_header_type; /* kind 1 */

#define IMAGE_FORMAT 1

/* Fills everything but root_pid; free with record_free(&image_header_type, h). */
int image_header_collect(struct ctx *cx, struct image_header *h);

/* Whether what was read makes sense on its own: NULL, or what is wrong. */
const char *image_header_check(const struct image_header *h);

#endif
