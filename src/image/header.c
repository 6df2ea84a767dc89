/*
 * header.c - the first record of every image: where and by what it was made.
 *
 * The kernel is tried in abilities.c, the CPU asked in cpu_facts.c.
 */
#include "image/header.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/limits.h>
#include <signal.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "image/abilities.h"
#include "image/cpu_facts.h"

#ifndef REPRISE_VERSION
#define REPRISE_VERSION "0.1"
#endif
#ifndef AT_RSEQ_FEATURE_SIZE
#define AT_RSEQ_FEATURE_SIZE 27
#define AT_RSEQ_ALIGN	     28
#endif

static const struct field image_header_fields[] = {
	FIELD(image_header, F_U32, format),
	FIELD(image_header, F_STR, tool),
	FIELD(image_header, F_U64, time),
	FIELD(image_header, F_STR, hostname),
	FIELD(image_header, F_STR, boot_id),
	FIELD(image_header, F_STR, kernel_release),
	FIELD(image_header, F_STR, kernel_version),
	FIELD(image_header, F_STR, machine),
	FIELD(image_header, F_STR, kernel_config),
	FIELD(image_header, F_X64, abilities),
	FIELD(image_header, F_U32, page_size),
	FIELD(image_header, F_U32, hz),
	FIELD(image_header, F_U32, nsig),
	FIELD(image_header, F_U32, ngroups_max),
	FIELD(image_header, F_U32, auxv_size),
	FIELD(image_header, F_U32, siginfo_size),
	FIELD(image_header, F_U32, rseq_feature_size),
	FIELD(image_header, F_U32, rseq_align),
	FIELD(image_header, F_STR, cpu_vendor),
	FIELD(image_header, F_STR, cpu_model),
	FIELD(image_header, F_U32, cpu_family),
	FIELD(image_header, F_U32, cpu_model_id),
	FIELD(image_header, F_U32, cpu_stepping),
	FIELD(image_header, F_U32S, cpu_features),
	FIELD(image_header, F_X64, xcr0),
	FIELD(image_header, F_U32, xsave_size),
	FIELD(image_header, F_U32S, xsave_layout),
	FIELD(image_header, F_U32, root_pid),
};

const struct record_type image_header_type = {
	.kind = 1,
	.version = 1,
	.name = "image_header",
	.size = sizeof(struct image_header),
	FIELDS(image_header_fields),
};

/* The configuration values that decide what a task can see or use. */
static const char *const config_names[] = {
	"CHECKPOINT_RESTORE",
	"COMPAT_VDSO",
	"CGROUP_FREEZER",
	"HZ",
	"HIGHMEM64G",
	"IA32_EMULATION",
	"IO_URING",
	"IPC_NS",
	"LEGACY_VSYSCALL_NONE",
	"LEGACY_VSYSCALL_XONLY",
	"MEM_SOFT_DIRTY",
	"MODIFY_LDT_SYSCALL",
	"NET_NS",
	"NR_CPUS",
	"PAGE_OFFSET",
	"PID_NS",
	"RSEQ",
	"TIME_NS",
	"TRANSPARENT_HUGEPAGE",
	"USERFAULTFD",
	"USER_NS",
	"VM86",
	"X86_32",
	"X86_64",
	"X86_PAE",
	"X86_USER_SHADOW_STACK",
	"X86_X32_ABI",
};

enum { PREFIX = sizeof "CONFIG_" - 1, UNSET = sizeof "# " - 1 };

/* A bit for the first two letters: most of ten thousand lines are told from ours by it. */
static uint64_t letters(const char *name)
{
	return (uint64_t) 1 << ((name[0] * 7 + name[1]) & 63);
}

/* A line of a kernel's configuration, without its end, appended to out if it is one of ours. */
static void take_config(const char *line, size_t len, uint64_t ours, struct buf *out)
{
	bool unset = line[0] == '#';
	const char *name = line + PREFIX + (unset ? UNSET : 0);
	size_t n;

	if (len < PREFIX + UNSET + 2 || !(letters(name) & ours) ||
	    memcmp(name - PREFIX, "CONFIG_", PREFIX) != 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(config_names); i++) {
		if (config_names[i][0] != name[0] || config_names[i][1] != name[1])
			continue;
		n = strlen(config_names[i]);
		if ((size_t) (line + len - name) <= n || memcmp(name, config_names[i], n) != 0 ||
		    name[n] != (unset ? ' ' : '='))
			continue;
		if (out->len)
			buf_put(out, " ", 1);
		if (unset) {
			buf_put(out, name - PREFIX, PREFIX + n);
			buf_put(out, "=n", 2);
		} else {
			buf_put(out, line, len);
		}
		return;
	}
}

/* The whole lines in p; returns how many bytes they are. */
static size_t take_lines(const char *p, size_t len, struct buf *out)
{
	const char *at = p, *end;
	uint64_t ours = 0;

	for (size_t i = 0; i < ARRAY_SIZE(config_names); i++)
		ours |= letters(config_names[i]);
	while ((end = memchr(at, '\n', (size_t) (p + len - at))) != NULL) {
		take_config(at, (size_t) (end - at), ours, out);
		at = end + 1;
	}
	return (size_t) (at - p);
}

/* What matters of /boot/config-RELEASE; *ret stays NULL where that cannot be read.  A quarter of a
 * megabyte, so it is looked through in pieces: fresh memory for all of it would take longer. */
static int read_config(const char *release, char **ret)
{
	_buf_ struct buf out = { 0 };
	_close_ int fd = -1;
	char path[PATH_MAX], piece[16384];
	size_t have = 0, used;
	ssize_t n;

	(void) snprintf(path, sizeof path, "/boot/config-%s", release);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	while (have < sizeof piece && (n = read(fd, piece + have, sizeof piece - have)) > 0) {
		have += (size_t) n;
		used = take_lines(piece, have, &out);
		memmove(piece, piece + used, have - used);
		have -= used;
	}
	buf_put(&out, "", 1);
	if (buf_err(&out) < 0)
		return -ENOMEM;
	*ret = take_ptr(out.p);
	return 0;
}

/* The first line of a file; absent where there is none. */
static int read_line(const char *path, char **ret)
{
	_buf_ struct buf b = { 0 };
	int r = buf_read_file(&b, AT_FDCWD, path);

	if (r < 0)
		return r == -ENOMEM ? r : 0;
	((char *) b.p)[strcspn(b.p, "\n")] = '\0';
	*ret = take_ptr(b.p);
	return 0;
}

static int dup_bytes(const void *p, size_t n, struct bytes *ret)
{
	*ret = (struct bytes){ malloc(n + 1), n };
	if (!ret->p)
		return -ENOMEM;
	if (n)
		memcpy(ret->p, p, n);
	return 0;
}

static int collect_kernel(struct image_header *h)
{
	struct utsname u;
	int r;

	(void) uname(&u);
	h->hostname = strdup(u.nodename);
	h->kernel_release = strdup(u.release);
	h->kernel_version = strdup(u.version);
	h->machine = strdup(u.machine);
	if (!h->hostname || !h->kernel_release || !h->kernel_version || !h->machine)
		return -ENOMEM;
	r = read_line("/proc/sys/kernel/random/boot_id", &h->boot_id);
	if (r == 0)
		r = read_config(u.release, &h->kernel_config);
	h->abilities = abilities_try();
	h->page_size = (uint32_t) sysconf(_SC_PAGESIZE);
	h->hz = (uint32_t) sysconf(_SC_CLK_TCK);
	h->nsig = NSIG - 1;
	h->ngroups_max = NGROUPS_MAX; /* the kernel's constant since v2.6.4 */
	h->auxv_size = auxv_size();
	h->siginfo_size = sizeof(siginfo_t);
	h->rseq_feature_size = (uint32_t) getauxval(AT_RSEQ_FEATURE_SIZE); /* since v6.3 */
	h->rseq_align = (uint32_t) getauxval(AT_RSEQ_ALIGN);
	return r;
}

static int collect_cpu(struct image_header *h)
{
	struct cpu_facts f;

	cpu_facts(&f);
	h->cpu_vendor = strdup(f.vendor);
	h->cpu_model = strdup(f.model);
	h->cpu_family = f.family;
	h->cpu_model_id = f.model_id;
	h->cpu_stepping = f.stepping;
	h->xcr0 = f.xcr0;
	h->xsave_size = f.xsave_size;
	if (!h->cpu_vendor || !h->cpu_model ||
	    dup_bytes(f.features, sizeof f.features, &h->cpu_features) < 0)
		return -ENOMEM;
	return dup_bytes(f.xsave, f.nxsave * sizeof *f.xsave, &h->xsave_layout);
}

int image_header_collect(struct ctx *cx, struct image_header *h)
{
	int r;

	*h = (struct image_header){ .format = IMAGE_FORMAT, .time = (uint64_t) time(NULL) };
	h->tool = strdup("reprise " REPRISE_VERSION);
	r = h->tool ? collect_kernel(h) : -ENOMEM;
	if (r == 0)
		r = collect_cpu(h);
	if (r < 0) {
		record_free(&image_header_type, h);
		return fail(cx, r, "describe this machine");
	}
	return 0;
}

const char *image_header_check(const struct image_header *h)
{
	if (h->format != IMAGE_FORMAT)
		return "its format is not that of the first 16 bytes";
	if (h->page_size < 4096 || h->page_size & (h->page_size - 1))
		return "page size is impossible";
	if (h->xsave_layout.len % (4 * sizeof(uint32_t)))
		return "layout of the XSAVE area is cut off";
	return NULL;
}
