/*
 * test_maps.c - /proc as text: maps, smaps, stat, status, lists; holes; private pages.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#undef fail /* base/err.h has its own */
#define flunk(...) (print_error(__VA_ARGS__), _fail(__FILE__, __LINE__))

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "proc/maps.h"
#include "proc/pagemap.h"
#include "proc/procfs.h"

#define PAGE 4096u

/* Parses the text; on success *ret is to be freed by the caller. */
static int parse(const char *text, struct maps *ret)
{
	struct ctx cx = { 0 };
	struct maps m = { 0 };
	int r;

	buf_put(&m.text, text, strlen(text) + 1);
	m.text.len--;
	r = maps_parse(&cx, &m);
	if (r < 0) {
		assert_true(cx.why[0] != '\0');
		maps_done(&m);
	} else {
		*ret = m;
	}
	return r;
}

static void test_lines(void **state)
{
	_maps_ struct maps m = { 0 };

	(void) state;
	assert_int_equal(
		parse("00400000-00401000 r-xp 00002000 fd:01 77   /bin/a b (deleted)\n"
		      "00600000-00700000 rw-s 00000000 00:00 0\n"
		      "7ffd2fbec000-7ffd2fc0d000 ---p 00000000 00:00 0          [stack]\n"
		      "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]\n",
		      &m),
		0);
	assert_int_equal(m.n, 4);
	assert_int_equal(m.map[0].start, 0x400000);
	assert_int_equal(m.map[0].end, 0x401000);
	assert_int_equal(m.map[0].prot, PROT_READ | PROT_EXEC);
	assert_int_equal(m.map[0].offset, 0x2000);
	assert_true(m.map[0].dev == (UINT64_C(0xfd) << 32 | 1));
	assert_int_equal(m.map[0].ino, 77);
	assert_string_equal(m.map[0].name, "/bin/a b (deleted)");
	assert_false(m.map[0].shared);
	assert_true(m.map[1].shared);
	assert_string_equal(m.map[1].name, "");
	assert_int_equal(m.map[2].prot, 0);
	assert_ptr_equal(maps_named(&m, "[stack]"), &m.map[2]);
	assert_null(maps_named(&m, "[heap]"));
	assert_ptr_equal(maps_find(&m, 0x400fff), &m.map[0]);
	assert_null(maps_find(&m, 0x401000));
	assert_null(maps_find(&m, 0));
	assert_ptr_equal(maps_find(&m, 0xffffffffff600000), &m.map[3]);
}

static void test_hostile_lines(void **state)
{
	static const char *const lines[] = {
		"00400000-00401000 r-xp 00000000 00:00 0", /* no end of line */
		"\n",
		" \n",
		"-\n",
		"00400000\n",
		"00400000-\n",
		"00400000-00401000\n",
		"00400000-00401000 \n",
		"00400000-00401000 r-xp\n",
		"00400000-00401000 r-xpp 00000000 00:00 0\n",
		"00400000-00401000 r-x 00000000 00:00 0\n",
		"00400000-00401000  r-xp 00000000 00:00 0\n",
		"00400000-00400000 r-xp 00000000 00:00 0\n",
		"00401000-00400000 r-xp 00000000 00:00 0\n",
		"-400000-00401000 r-xp 00000000 00:00 0\n",
		"00400000 00401000 r-xp 00000000 00:00 0\n",
		"00400000-00401000 r-xp zz 00:00 0\n",
		"00400000-00401000 r-xp 00000000 0000 0\n",
		"00400000-00401000 r-xp 00000000 00:00 \n",
		"00400000-00401000 r-xp 00000000 00:00 -1\n",
		"00400000-10000000000000000 r-xp 00000000 00:00 0\n",
		"00400000-00401000 r-xp 10000000000000000 00:00 0\n",
		"00400000-00401000 r-xp 00000000 00:00 99999999999999999999999\n",
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct maps m;

		if (parse(lines[i], &m) != -EINVAL)
			flunk("taken: '%s'\n", lines[i]);
	}
}

static void test_own_maps(void **state)
{
	_maps_ struct maps m = { 0 };
	struct ctx cx = { 0 };
	int here;

	(void) state;
	assert_int_equal(maps_read(&cx, getpid(), &m), 0);
	assert_non_null(maps_find(&m, (uintptr_t) &here));
	assert_int_equal(maps_find(&m, (uintptr_t) &test_own_maps)->prot & PROT_EXEC, PROT_EXEC);
	for (size_t i = 1; i < m.n; i++)
		assert_true(m.map[i].start >= m.map[i - 1].end);
	assert_true(maps_read(&cx, 0x3fffffff, &m) == -ENOENT);
}

static uint64_t hole(const struct map *map, size_t n, uint64_t size, uint64_t from, uint64_t to)
{
	struct maps m = { .map = (struct map *) map, .n = n };

	return maps_hole(&m, size, from, to);
}

static void test_holes(void **state)
{
	const struct map two[] = { { .start = 0x10000, .end = 0x20000 },
				   { .start = 0x25000, .end = 0x30000 } };

	(void) state;
	assert_int_equal(hole(NULL, 0, 0x1000, 0x10000, 0x20000), 0x10000);
	assert_int_equal(hole(NULL, 0, 0x10000, 0x10000, 0x20000), 0); /* no page left free */
	assert_int_equal(hole(NULL, 0, 0xf000, 0x10000, 0x20000), 0x10000);
	/* Between the two: 5 pages, of which one is left on either side. */
	assert_int_equal(hole(two, 2, 0x3000, 0x10000, 0x100000), 0x21000);
	assert_int_equal(hole(two, 2, 0x4000, 0x10000, 0x100000), 0x31000);
	assert_int_equal(hole(two, 2, 0x4000, 0x10000, 0x32000), 0);
	assert_int_equal(hole(two, 2, 0x4000, 0x10000, 0x36000), 0x31000);
	/* Below the first, and from within a map. */
	assert_int_equal(hole(two, 2, 0x1000, 0x1000, 0x100000), 0x1000);
	assert_int_equal(hole(two, 2, 0x1000, 0x28000, 0x100000), 0x31000);
	assert_int_equal(hole(two, 2, 0x1000, 0x40000, 0x100000), 0x40000);
}

static void test_values(void **state)
{
	static const char text[] = "Name:\tName: x \nUmask:\t0022\nSigQ:\t1/2\nEmpty:\t\nLast:\t 7";
	const char *end, *v;
	uint64_t n;
	size_t len;

	(void) state;
	v = procfs_value(text, "Name", &len);
	assert_true(len == 7 && !memcmp(v, "Name: x", 7));
	assert_null(procfs_value(text, "Nam", &len));
	assert_null(procfs_value(text, "x", &len));
	assert_null(procfs_value("", "x", &len));
	assert_non_null(procfs_value(text, "Empty", &len));
	assert_int_equal(len, 0);
	assert_int_equal(procfs_number(text, "Umask", 8, &n), 0);
	assert_int_equal(n, 022);
	assert_int_equal(procfs_number(text, "Last", 10, &n), 0);
	assert_int_equal(n, 7);
	assert_int_equal(procfs_number(text, "Missing", 10, &n), -ENOENT);
	assert_int_equal(procfs_number(text, "Name", 10, &n), -EINVAL);
	assert_int_equal(procfs_number(text, "Empty", 10, &n), -EINVAL);

	assert_int_equal(parse_number("18446744073709551615x", 10, &n, &end), 0);
	assert_true(n == UINT64_MAX && *end == 'x');
	assert_int_equal(parse_number("18446744073709551616", 10, &n, &end), -EINVAL);
	assert_int_equal(parse_number("-1", 10, &n, &end), -EINVAL);
	assert_int_equal(parse_number("+1", 10, &n, &end), -EINVAL);
	assert_int_equal(parse_number(" 1", 10, &n, &end), -EINVAL);
	assert_int_equal(parse_number("f", 10, &n, &end), -EINVAL);
	assert_int_equal(parse_number("", 16, &n, &end), -EINVAL);
	assert_int_equal(parse_number("8", 8, &n, &end), -EINVAL);
	assert_int_equal(parse_number("-1", 16, &n, &end), -EINVAL);
	assert_int_equal(parse_number("0x10", 16, &n, &end), 0);
	assert_true(n == 0 && *end == 'x');
	assert_int_equal(parse_number("ffffffffffffffff g", 16, &n, &end), 0);
	assert_true(n == UINT64_MAX && *end == ' ');
	assert_int_equal(parse_number("10000000000000000", 16, &n, &end), -EINVAL);
}

static void test_stat(void **state)
{
	static const char good[] =
		"12 (a) R 1 (b)) S 7 8 9 0 -1 4 5 6 7 8 9 10 11 12 20 -3 2 0 1234 1 1 1 26 27 28 "
		"0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 45 46 47 48 49 50 51 0\n";
	static const char *const bad[] = {
		"",	   "12",       "12 (a",		 "12 (a)",
		"12 (a) ", "12 (a) S", "12 (a) S 1 2 3", "12 (a) S x 2 3 4"
	};
	struct proc_stat s;
	struct ctx cx = { 0 };

	(void) state;
	assert_int_equal(procfs_parse_stat(good, &s), 0);
	assert_true(s.state == 'S' && s.ppid == 7 && s.pgrp == 8 && s.sid == 9);
	assert_true(s.nice == -3 && s.threads == 2 && s.start_time == 1234);
	assert_true(s.start_code == 26 && s.end_code == 27 && s.start_stack == 28);
	assert_true(s.start_data == 45 && s.start_brk == 47 && s.arg_start == 48);
	assert_true(s.arg_end == 49 && s.env_start == 50 && s.env_end == 51);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_true(procfs_parse_stat(bad[i], &s) < 0);
	assert_int_equal(procfs_stat(&cx, getpid(), &s), 0);
	assert_true(s.ppid == getppid() && s.pgrp == getpgrp() && s.sid == getsid(0));
}

static void test_lists(void **state)
{
	_close_ int low = open("/dev/null", O_RDONLY | O_CLOEXEC), high = -1;
	_free_ uint64_t *n = NULL;
	struct ctx cx = { 0 };
	bool seen = false;
	size_t count;

	(void) state;
	high = fcntl(low, F_DUPFD_CLOEXEC, 200);
	assert_int_equal(procfs_list(&cx, getpid(), "fd", &n, &count), 0);
	for (size_t i = 0; i < count; i++) {
		assert_true(i == 0 || n[i] > n[i - 1]);
		seen |= n[i] == (uint64_t) high;
	}
	assert_true(seen);
	free(take_ptr(n));
	assert_int_equal(procfs_list(&cx, getpid(), "task", &n, &count), 0);
	assert_true(count >= 1 && n[0] == (uint64_t) getpid());
}

static void test_flags(void **state)
{
	_maps_ struct maps m = { 0 };
	struct ctx cx = { 0 };
	char *p = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const struct map *at;
	size_t missing = 1;

	(void) state;
	assert_int_equal(madvise(p + PAGE, PAGE, MADV_DONTFORK), 0);
	assert_int_equal(madvise(p + PAGE, PAGE, MADV_SEQUENTIAL), 0);
	assert_int_equal(maps_read(&cx, getpid(), &m), 0);
	assert_int_equal(maps_flags(&cx, getpid(), &m, &missing), 0);
	assert_true(missing < m.n);
	at = maps_find(&m, (uintptr_t) p + PAGE);
	assert_int_equal(at->end - at->start, PAGE);
	assert_int_equal(at->flags & (VMFLAG_DONTFORK | VMFLAG_SEQ_READ | VMFLAG_GROWSDOWN),
			 VMFLAG_DONTFORK | VMFLAG_SEQ_READ);
	assert_false(at->flags & VMFLAG_UNKNOWN);
	(void) munmap(p, 3 * PAGE);
}

/* Which pages of [p, p + n pages) are private, as a string of digits. */
static char *private_pages(const char *p, size_t n)
{
	_close_ int fd = -1;
	_buf_ struct buf runs = { 0 };
	struct ctx cx = { 0 };
	const struct page_run *r;
	char *s = calloc(n + 1, 1);
	uint64_t last = 0;

	memset(s, '0', n);
	assert_int_equal(pagemap_open(&cx, getpid(), &fd), 0);
	assert_int_equal(pagemap_private(&cx, fd, (uintptr_t) p, (uintptr_t) p + n * PAGE, &runs),
			 0);
	r = runs.p;
	for (size_t i = 0; i < runs.len / sizeof *r; i++) {
		assert_true(r[i].pages > 0 && r[i].addr >= last && r[i].addr >= (uintptr_t) p);
		last = r[i].addr + r[i].pages * PAGE;
		assert_true(last <= (uintptr_t) p + n * PAGE);
		memset(s + (r[i].addr - (uintptr_t) p) / PAGE, '1', r[i].pages);
	}
	return s;
}

static void test_private_anonymous(void **state)
{
	volatile char *p =
		mmap(NULL, 12 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	static const int written[] = { 0, 1, 5, 7, 8, 11 };
	_free_ char *none = NULL, *some = NULL, *dropped = NULL;

	(void) state;
	(void) madvise((void *) p, 12 * PAGE, MADV_NOHUGEPAGE);
	none = private_pages((char *) p, 12);
	assert_string_equal(none, "000000000000");
	for (size_t i = 0; i < ARRAY_SIZE(written); i++)
		p[(size_t) written[i] * PAGE] = 1;
	some = private_pages((char *) p, 12);
	assert_string_equal(some, "110001011001");
	assert_int_equal(madvise((char *) p + 7 * PAGE, PAGE, MADV_DONTNEED), 0);
	dropped = private_pages((char *) p, 12);
	assert_string_equal(dropped, "110001001001");
	(void) munmap((void *) p, 12 * PAGE);
}

static void test_private_file(void **state)
{
	_close_ int fd = memfd_create("pages", MFD_CLOEXEC);
	volatile char *p, sum = 0;
	_free_ char *got = NULL;

	(void) state;
	assert_int_equal(ftruncate(fd, 4 * PAGE), 0);
	p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	for (size_t i = 0; i < 4; i++)
		sum = (char) (sum + p[i * PAGE]); /* present now, but the file's */
	p[2 * PAGE] = 1;
	got = private_pages((char *) p, 4);
	assert_string_equal(got, "0010");
	(void) munmap((void *) p, 4 * PAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_hostile_lines),
		cmocka_unit_test(test_own_maps),
		cmocka_unit_test(test_holes),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_stat),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_private_anonymous),
		cmocka_unit_test(test_private_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
