/*
 * foothold.c - finding, filling and clearing the tail of an executable page.
 */
#include "program/foothold.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi/abi.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "proc/maps.h"
#include "program/program.h"
#include "tracee/mem.h"
#include "tracee/regs.h"

#define PAGE 4096u

extern const char foothold64_begin[], foothold64_unmap[], foothold64_data[], foothold64_end[];
extern const char foothold32_begin[], foothold32_unmap[], foothold32_data[], foothold32_end[];

static const char mark[16] = "reprise foothold";

/* As stub_x86_64.S reads it. */
struct foothold_data {
	uint64_t scratch, scratch_size;
	uint64_t rax, rcx, rdx, rsi, rdi, r8, r9, r10, r11;
	uint64_t rip; /* for i386: 32 bits, and the selector behind them */
	uint64_t sigmask;
};

static size_t code_size(bool wide)
{
	return sizeof mark + (size_t) (stub_end - stub_begin) + 16 +
	       (size_t) (wide ? foothold64_end - foothold64_begin
			      : foothold32_end - foothold32_begin);
}

size_t foothold_cut(const void *code, size_t n)
{
	for (size_t at = 0; at + sizeof mark <= n; at += 16)
		if (!memcmp((const char *) code + at, mark, sizeof mark))
			return at;
	return n;
}

/* Bytes at the end of the page that are zero, or ours from an earlier time; a few at its beginning
 * are left alone, in case a last instruction ends in zero bytes. */
static size_t free_tail(const unsigned char page[PAGE])
{
	size_t n = foothold_cut(page, PAGE);

	if (n < PAGE)
		return PAGE - n;
	n = 0;
	while (n < PAGE && !page[PAGE - 1 - n])
		n++;
	return n < 32 ? 0 : (n - 16) & ~(size_t) 15;
}

static int try_map(struct ctx *cx, int memfd, const struct map *m, size_t need, uint64_t *ret)
{
	unsigned char page[PAGE];
	ssize_t n = pread(memfd, page, sizeof page, (off_t) (m->end - PAGE));
	size_t tail;

	if (n != (ssize_t) sizeof page)
		return fail(cx, -EIO, "read the last page of %s", m->name);
	tail = free_tail(page);
	if (tail < need)
		return 0;
	*ret = m->end - tail;
	return 1;
}

static int find(struct ctx *cx, int memfd, const struct maps *maps, size_t need, uint64_t *ret)
{
	const struct map *vdso = maps_named(maps, "[vdso]");
	int r = vdso ? try_map(cx, memfd, vdso, need, ret) : 0;

	for (size_t i = 0; r == 0 && i < maps->n; i++) {
		const struct map *m = &maps->map[i];

		if (m->prot == (PROT_READ | PROT_EXEC) && !m->shared && m->ino)
			r = try_map(cx, memfd, m, need, ret);
	}
	if (r == 0)
		return fail(cx, ERR_UNSUPPORTED,
			    "no executable page has %zu unused bytes at its end (no vdso?)", need);
	return r < 0 ? r : 0;
}

int foothold_init(struct ctx *cx, int memfd, const struct maps *maps, const struct gregs *leader,
		  struct foothold *ret)
{
	bool wide = leader->cs == abi_x86_64.code_segment;
	const char *begin = wide ? foothold64_begin : foothold32_begin;
	const char *end = wide ? foothold64_end : foothold32_end;
	struct foothold f = { .memfd = memfd, .wide = wide };
	_buf_ struct buf code = { 0 };
	uint64_t own;
	int r = find(cx, memfd, maps, code_size(wide), &f.start);

	if (r < 0)
		return r;
	buf_put(&code, mark, sizeof mark);
	f.stub = f.start + code.len;
	buf_put(&code, stub_begin, (size_t) (stub_end - stub_begin));
	buf_align(&code, 8);
	own = f.start + code.len;
	buf_put(&code, begin, (size_t) (end - begin));
	if (buf_err(&code))
		return fail(cx, -ENOMEM, "write code");
	f.size = code.len;
	f.map = own;
	f.unmap = own + (uint64_t) ((wide ? foothold64_unmap : foothold32_unmap) - begin);
	f.data = own + (uint64_t) ((wide ? foothold64_data : foothold32_data) - begin);
	*ret = f; /* also half written it has to be cleared */
	return mem_poke(cx, memfd, f.start, code.p, code.len);
}

void foothold_done(struct foothold *f)
{
	static const char zero[PAGE];
	struct ctx unheard = { 0 };

	if (f->size)
		(void) mem_poke(&unheard, f->memfd, f->start, zero, f->size);
	*f = (struct foothold){ 0 };
}

int foothold_aim(struct ctx *cx, const struct foothold *f, const struct gregs *home,
		 uint64_t sigmask, uint64_t scratch, uint64_t scratch_size)
{
	struct gregs g = *home;
	struct foothold_data d;

	regs_restart_call(&g);
	d = (struct foothold_data){
		.scratch = scratch,
		.scratch_size = scratch_size,
		.rax = g.rax,
		.rcx = g.rcx,
		.rdx = g.rdx,
		.rsi = g.rsi,
		.rdi = g.rdi,
		.r8 = g.r8,
		.r9 = g.r9,
		.r10 = g.r10,
		.r11 = g.r11,
		.rip = f->wide ? g.rip : (g.rip & 0xffffffff) | g.cs << 32,
		.sigmask = sigmask,
	};
	return mem_poke(cx, f->memfd, f->data, &d, sizeof d);
}
