/*
 * abilities.c - what the running kernel can do, found out by trying.
 *
 * Every trial is one that changes nothing: a call with arguments that a kernel without the feature
 * refuses in another way than one with it.  No processes, no signals: it runs at every checkpoint.
 */
#include "image/abilities.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "image/header.h"

#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif
#ifndef UFFD_FEATURE_WP_ASYNC
#define UFFD_FEATURE_WP_ASYNC (1 << 15)
#endif
#ifndef PR_GET_AUXV
#define PR_GET_AUXV 0x41555856
#endif
#ifndef PAGEMAP_SCAN
struct page_region {
	uint64_t start, end, categories;
};
struct pm_scan_arg {
	uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages, category_inverted,
		category_mask, category_anyof_mask, return_mask;
};
#define PAGEMAP_SCAN	_IOWR('f', 16, struct pm_scan_arg)
#define PAGE_IS_PRESENT (1 << 3)
#endif

/* Whether the command line of the kernel turns ia32 off ("ia32_emulation=0", since v6.7). */
static bool ia32_switched_off(void)
{
	_buf_ struct buf b = { 0 };
	const char *p;

	if (buf_read_file(&b, AT_FDCWD, "/proc/cmdline") < 0)
		return false;
	p = strstr(b.p, "ia32_emulation=");
	return p && strchr("0nNfF", p[15]) != NULL;
}

/* An int $0x80 where it is off is SIGSEGV, or death by a seccomp filter, so it is not tried: the
 * sysctl exists where the ia32 vdso does, which is where CONFIG_IA32_EMULATION is. */
static uint64_t try_abis(void)
{
#ifdef __x86_64__
	return CAN_X86_64 |
	       (access("/proc/sys/abi/vsyscall32", F_OK) == 0 && !ia32_switched_off() ? CAN_IA32
										      : 0);
#else
	unsigned cs;

	(void) ia32_switched_off;
	__asm__("mov %%cs, %0" : "=r"(cs));
	return CAN_IA32 | (cs == 0x23 ? CAN_X86_64 : 0); /* a native i386 kernel's is 0x73 */
#endif
}

/* A page just written is soft-dirty where there is such a thing. */
static uint64_t try_pagemap(void)
{
	_close_ int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uintptr_t page = (uintptr_t) sysconf(_SC_PAGESIZE);
	volatile char here = 1;
	uint64_t entry = 0, can = 0;
	struct page_region region;
	struct pm_scan_arg scan = {
		.size = sizeof scan,
		.start = (uintptr_t) &here & -page,
		.end = ((uintptr_t) &here & -page) + page,
		.vec = (uintptr_t) &region,
		.vec_len = 1,
		.category_mask = PAGE_IS_PRESENT,
		.return_mask = PAGE_IS_PRESENT,
	};

	if (fd < 0)
		return 0;
	if (pread(fd, &entry, sizeof entry, (off_t) ((uintptr_t) &here / page * sizeof entry)) ==
		    sizeof entry &&
	    entry >> 55 & 1)
		can |= CAN_SOFT_DIRTY;
	if (ioctl(fd, PAGEMAP_SCAN, &scan) >= 0)
		can |= CAN_PAGEMAP_SCAN;
	return can;
}

static uint64_t try_userfaultfd(void)
{
	_close_ int fd = (int) syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
	struct uffdio_api api = { .api = UFFD_API, .features = UFFD_FEATURE_WP_ASYNC };

	return fd >= 0 && ioctl(fd, UFFDIO_API, &api) == 0 ? CAN_UFFD_WP_ASYNC : 0;
}

/* Turning off WRSS, which is not on: EPERM without a shadow stack of our own, EOPNOTSUPP where
 * kernel or CPU have none, EINVAL before v6.6. */
static uint64_t try_shadow_stack(void)
{
#ifdef __x86_64__
	enum { ARCH_SHSTK_DISABLE = 0x5002, ARCH_SHSTK_WRSS = 2 };

	if (syscall(SYS_arch_prctl, ARCH_SHSTK_DISABLE, ARCH_SHSTK_WRSS) == 0 || errno == EPERM)
		return CAN_SHADOW_STACK;
#endif
	return 0;
}

uint64_t abilities_try(void)
{
	uint64_t can = try_abis() | try_pagemap() | try_userfaultfd() | try_shadow_stack();
	unsigned size;

	if (prctl(PR_SET_MM, PR_SET_MM_MAP_SIZE, &size, 0, 0) == 0)
		can |= CAN_CHECKPOINT_RESTORE;
	if (access("/proc/self/ns/time", F_OK) == 0)
		can |= CAN_TIME_NS;
	if (syscall(SYS_rseq, NULL, 0, -1, 0) < 0 && errno != ENOSYS)
		can |= CAN_RSEQ;
	return can;
}

uint32_t auxv_size(void)
{
	_buf_ struct buf b = { 0 };
	int n = prctl(PR_GET_AUXV, NULL, 0, 0, 0); /* since v6.4 */

	if (n > 0)
		return (uint32_t) n;
	return buf_read_file(&b, AT_FDCWD, "/proc/self/auxv") < 0 ? 0 : (uint32_t) b.len;
}
