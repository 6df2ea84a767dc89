/*
 * test_image.c - images written and read: files, pipes, threads, failures, damage.
 *
 * Links with: src/base/{err,buf}.c src/image/[all].c -lcmocka -lxxhash -lpthread
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#undef fail /* base/err.h has its own */

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "image/header.h"
#include "image/reader.h"
#include "image/record.h"
#include "image/writer.h"

struct thing {
	uint64_t number;
	char *name;
};

static const struct field thing_fields[] = {
	FIELD(thing, F_U64, number),
	FIELD(thing, F_STR, name),
};

static const struct record_type thing_type = {
	.kind = 200,
	.version = 1,
	.flags = RECORD_SKIPPABLE,
	.name = "thing",
	.size = sizeof(struct thing),
	FIELDS(thing_fields),
};

static char dir[64]; /* of this run */

static char *in_dir(const char *name)
{
	char *s = NULL;

	assert_true(asprintf(&s, "%s/%s", dir, name) > 0);
	return s;
}

static unsigned entries(void)
{
	_closedir_ DIR *d = opendir(dir);
	unsigned n = 0;

	while (readdir(d))
		n++;
	return n - 2;
}

static void put_header(struct writer *w)
{
	struct image_header h = { .format = IMAGE_FORMAT, .page_size = 4096, .root_pid = 7 };
	struct ctx cx = { 0 };

	assert_int_equal(writer_put(&cx, w, &image_header_type, 0, &h), 0);
}

/* Bulk data that its number tells: length and contents. */
static size_t bulk_len(uint64_t number)
{
	return (size_t) (number * 7919 % 150001);
}

static void *bulk_of(uint64_t number)
{
	size_t len = bulk_len(number);
	uint8_t *p = malloc(len + 1);

	for (size_t i = 0; i < len; i++)
		p[i] = (uint8_t) (number + i * 31);
	return p;
}

static int put_thing(struct ctx *cx, struct writer *w, uint64_t number)
{
	struct thing t = { number, (char *) "a thing" };
	_free_ void *bulk = bulk_of(number);

	return writer_bulk(cx, w, &thing_type, number, &t, bulk, bulk_len(number));
}

/* Writes a small image through the descriptor. */
static void small_image(int fd)
{
	struct thing t = { 1, (char *) "one" };
	struct writer *w;
	struct ctx cx = { 0 };

	assert_int_equal(writer_open_fd(&cx, fd, &w), 0);
	put_header(w);
	assert_int_equal(writer_put(&cx, w, &thing_type, 1, &t), 0);
	assert_int_equal(writer_bulk(&cx, w, &thing_type, 2, &t, "abcde", 5), 0);
	assert_int_equal(writer_publish(&cx, w), 0);
	writer_free(w);
}

/* Everything in an image, bulk data too; the end's answer. */
static int read_all(struct ctx *cx, int fd)
{
	struct image_header h;
	struct record rec;
	struct reader *r;
	int err = reader_open_fd(cx, fd, &r);

	if (err < 0)
		return err;
	err = reader_header(cx, r, &h);
	if (err == 0) {
		record_free(&image_header_type, &h);
		while ((err = reader_next(cx, r, &rec)) > 0) {
			_buf_ struct buf bulk = { 0 };

			err = reader_bulk_append(cx, r, &rec, &bulk);
			if (err < 0)
				break;
		}
	}
	reader_free(r);
	return err;
}

static int memfile(void)
{
	int fd = memfd_create("image", MFD_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

/* The first n bytes through a pipe, which they must fit. */
static int pipe_of(const void *p, size_t n)
{
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(write(fds[1], p, n), n);
	(void) close(fds[1]);
	return fds[0];
}

static size_t load_small(uint8_t *p, size_t max)
{
	_close_ int fd = memfile();

	small_image(fd);
	return (size_t) pread(fd, p, max, 0);
}

static int load_of(const uint8_t *p, size_t n, bool by_pipe)
{
	_close_ int fd = by_pipe ? pipe_of(p, n) : memfile();
	struct ctx cx = { 0 };
	int r;

	if (!by_pipe) {
		assert_int_equal(pwrite(fd, p, n, 0), n);
		assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	}
	r = read_all(&cx, fd);
	if (r < 0)
		assert_true(strlen(cx.why) > 10);
	return r;
}

static void test_small(void **state)
{
	uint8_t image[65536];
	size_t n = load_small(image, sizeof image);

	(void) state;
	assert_true(n > 4096 && n < 16384 && n % 8 == 0);
	assert_int_equal(load_of(image, n, false), 0);
	assert_int_equal(load_of(image, n, true), 0);
}

static void test_truncation(void **state)
{
	uint8_t image[65536];
	size_t n = load_small(image, sizeof image);

	(void) state;
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(load_of(image, i, false), ERR_DAMAGED);
		assert_int_equal(load_of(image, i, true), ERR_DAMAGED);
	}
}

static void test_bit_flips(void **state)
{
	uint8_t image[65536];
	size_t n = load_small(image, sizeof image);

	(void) state;
	for (size_t i = 0; i < n * 8; i++) {
		image[i / 8] ^= (uint8_t) (1 << i % 8);
		assert_int_equal(load_of(image, n, i % 3 == 0), ERR_DAMAGED);
		image[i / 8] ^= (uint8_t) (1 << i % 8);
	}
}

static void test_offset_of_descriptor(void **state)
{
	_close_ int fd = memfile();
	struct ctx cx = { 0 };

	(void) state;
	assert_int_equal(write(fd, "before", 6), 6);
	small_image(fd);
	assert_int_equal(lseek(fd, 6, SEEK_SET), 6);
	assert_int_equal(read_all(&cx, fd), 0);
}

static void test_schema(void **state)
{
	_close_ int fd = memfile();
	const struct schema *s;
	struct record rec;
	struct reader *r;
	struct thing t;
	struct ctx cx = { 0 };

	(void) state;
	small_image(fd);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(reader_open_fd(&cx, fd, &r), 0);
	assert_int_equal(reader_next(&cx, r, &rec), 1);
	assert_int_equal(rec.kind, 1);
	assert_null(reader_schema(r, 200));
	assert_int_equal(reader_next(&cx, r, &rec), 1);
	s = reader_schema(r, 200);
	assert_non_null(s);
	assert_string_equal(s->name, "thing");
	assert_int_equal(s->nfields, 2);
	assert_string_equal(s->fields[1].name, "name");
	assert_int_equal(s->fields[1].type, F_STR);
	assert_int_equal(reader_decode(&cx, r, &rec, &thing_type, &t), 0);
	assert_string_equal(t.name, "one");
	record_free(&thing_type, &t);
	assert_int_equal(reader_next(&cx, r, &rec), 1);
	assert_int_equal(reader_next(&cx, r, &rec), 0);
	assert_int_equal(reader_next(&cx, r, &rec), 0);
	reader_free(r);
}

/* A length that nothing stands behind costs no memory, even where it cannot be compared with a
 * size. */
static void test_promise(void **state)
{
	static const uint64_t promised = UINT64_C(1) << 40;
	uint8_t image[65536];
	size_t n = load_small(image, sizeof image), at = 16;
	uint64_t sum, id;

	(void) state;
	for (;; at += 8) {
		assert_true(at < n);
		memcpy(&id, image + at + 8, 8);
		memcpy(&sum, image + at + 16, 8);
		if (image[at] == 200 && id == 2 && sum == at)
			break;
	}
	memcpy(image + at + 32, &promised, 8);
	sum = XXH3_64bits(image + at, 56);
	memcpy(image + at + 56, &sum, 8);
	assert_int_equal(load_of(image, n, true), ERR_DAMAGED);
	assert_int_equal(load_of(image, n, false), ERR_DAMAGED);
}

static void test_reason(void **state)
{
	uint8_t image[65536];
	size_t n = load_small(image, sizeof image);
	_close_ int fd = memfile();
	uint8_t *field = memmem(image, n, "one", 3);
	struct ctx cx = { 0 };

	(void) state;
	*field = 'O';
	assert_int_equal(pwrite(fd, image, n, 0), n);
	assert_int_equal(read_all(&cx, fd), ERR_DAMAGED);
	assert_non_null(strstr(cx.why, "record 3 (thing) at offset 0x"));
	assert_non_null(
		strstr(cx.why, ": checksum of its fields does not match: the image is damaged"));
}

struct worker {
	pthread_t thread;
	struct writer *w;
	uint64_t first;
	int result;
};

enum { WORKERS = 4, EACH = 60 };

static void *work(void *arg)
{
	struct worker *k = arg;
	struct ctx cx = { 0 };

	for (uint64_t i = 0; i < EACH && k->result == 0; i++)
		k->result = put_thing(&cx, k->w, k->first + i);
	return NULL;
}

static void write_parallel(struct writer *w)
{
	struct worker workers[WORKERS];
	struct ctx cx = { 0 };

	put_header(w);
	for (uint64_t i = 0; i < WORKERS; i++) {
		workers[i] = (struct worker){ .w = w, .first = i * EACH };
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work, workers + i), 0);
	}
	for (int i = 0; i < WORKERS; i++) {
		(void) pthread_join(workers[i].thread, NULL);
		assert_int_equal(workers[i].result, 0);
	}
	assert_int_equal(writer_publish(&cx, w), 0);
}

/* All things are there; every third one's bulk data is passed over. */
static void check_parallel(struct reader *r)
{
	bool seen[WORKERS * EACH] = { false };
	struct ctx cx = { 0 };
	struct record rec;
	int more;

	assert_int_equal(reader_next(&cx, r, &rec), 1);
	while ((more = reader_next(&cx, r, &rec)) > 0) {
		_free_ void *expected = bulk_of(rec.id), *p = malloc(rec.bulk_len + 1);

		assert_true(rec.id < WORKERS * EACH && !seen[rec.id]);
		seen[rec.id] = true;
		assert_int_equal(rec.bulk_len, bulk_len(rec.id));
		assert_int_equal(rec.bulk_len ? rec.bulk_off % 4096 : 0, 0);
		if (rec.id % 3 == 0)
			continue;
		assert_int_equal(rec.id % 3 == 1 && reader_seekable(r)
					 ? reader_bulk_at(&cx, r, &rec, p)
					 : reader_bulk(&cx, r, &rec, p),
				 0);
		assert_memory_equal(p, expected, rec.bulk_len);
	}
	assert_int_equal(more, 0);
	for (size_t i = 0; i < ARRAY_SIZE(seen); i++)
		assert_true(seen[i]);
}

static void test_parallel_file(void **state)
{
	_free_ char *path = in_dir("parallel");
	struct ctx cx = { 0 };
	struct writer *w;
	struct reader *r;

	(void) state;
	assert_int_equal(writer_open_file(&cx, path, &w), 0);
	write_parallel(w);
	assert_int_equal(reader_open_file(&cx, path, &r), 0);
	assert_true(reader_seekable(r));
	check_parallel(r);
	assert_int_equal(reader_digest(r), writer_digest(w));
	reader_free(r);
	writer_free(w);
	assert_int_equal(unlink(path), 0);
}

static void *read_end(void *arg)
{
	struct ctx cx = { 0 };
	struct reader *r;

	assert_int_equal(reader_open_fd(&cx, *(int *) arg, &r), 0);
	assert_false(reader_seekable(r));
	check_parallel(r);
	reader_free(r);
	return NULL;
}

static void test_parallel_pipe(void **state)
{
	struct ctx cx = { 0 };
	struct writer *w;
	pthread_t reader;
	int fds[2];

	(void) state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(pthread_create(&reader, NULL, read_end, fds), 0);
	assert_int_equal(writer_open_fd(&cx, fds[1], &w), 0);
	write_parallel(w);
	writer_free(w);
	(void) close(fds[1]);
	(void) pthread_join(reader, NULL);
	(void) close(fds[0]);
}

static void test_publish(void **state)
{
	_free_ char *path = in_dir("image");
	struct ctx cx = { 0 };
	struct writer *w;
	struct stat st;
	uint64_t bytes;

	(void) state;
	assert_int_equal(writer_open_file(&cx, path, &w), 0);
	put_header(w);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(entries(), 1);
	assert_int_equal(put_thing(&cx, w, 18), 0);
	assert_int_equal(writer_publish(&cx, w), 0);
	bytes = writer_bytes(w);
	assert_int_equal(put_thing(&cx, w, 3), -EINVAL);
	writer_free(w);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, bytes);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(entries(), 1);
	assert_int_equal(unlink(path), 0);
}

static void test_abandon(void **state)
{
	_free_ char *path = in_dir("image");
	_close_ int old = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	struct ctx cx = { 0 };
	struct writer *w;
	struct stat st;

	(void) state;
	assert_int_equal(write(old, "old", 3), 3);
	assert_int_equal(writer_open_file(&cx, path, &w), 0);
	put_header(w);
	assert_int_equal(put_thing(&cx, w, 18), 0);
	assert_int_equal(entries(), 2);
	writer_free(w);
	assert_int_equal(entries(), 1);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 3);
	assert_int_equal(unlink(path), 0);
}

static void test_full(void **state)
{
	struct ctx cx = { 0 };
	struct writer *w;
	struct stat st;
	int r = 0;

	(void) state;
	assert_int_equal(writer_open_file(&cx, "/dev/full", &w), 0);
	put_header(w);
	for (uint64_t i = 0; i < 100 && r == 0; i++)
		r = put_thing(&cx, w, i);
	assert_int_equal(r, -ENOSPC);
	assert_non_null(strstr(cx.why, "/dev/full"));
	cx.why[0] = '\0';
	assert_int_equal(put_thing(&cx, w, 1), -ENOSPC); /* it stays failed */
	assert_int_equal(writer_publish(&cx, w), -ENOSPC);
	assert_non_null(strstr(cx.why, "/dev/full"));
	writer_free(w);
	assert_int_equal(stat("/dev/full", &st), 0);
	assert_true(S_ISCHR(st.st_mode));
}

static void test_closed_pipe(void **state)
{
	struct ctx cx = { 0 };
	struct writer *w;
	int fds[2];

	(void) state;
	(void) signal(SIGPIPE, SIG_IGN); /* as main does */
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	(void) close(fds[0]);
	assert_int_equal(writer_open_fd(&cx, fds[1], &w), 0);
	put_header(w);
	assert_int_equal(writer_publish(&cx, w), -EPIPE);
	writer_free(w);
	(void) close(fds[1]);
}

static void test_too_large(void **state)
{
	_free_ char *path = in_dir("image");
	struct rlimit old, small = { 100000, 100000 };
	struct ctx cx = { 0 };
	struct writer *w;
	int r = 0;

	(void) state;
	(void) signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small.rlim_max = old.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(writer_open_file(&cx, path, &w), 0);
	put_header(w);
	for (uint64_t i = 0; i < 100 && r == 0; i++)
		r = put_thing(&cx, w, 10 + i);
	assert_int_equal(r, -EFBIG);
	assert_int_equal(writer_publish(&cx, w), -EFBIG);
	writer_free(w);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(entries(), 0);
}

static void test_misuse(void **state)
{
	_free_ char *missing = in_dir("no/such/image");
	struct thing t = { 1, NULL };
	_close_ int fd = memfile();
	struct ctx cx = { 0 };
	struct writer *w;
	struct reader *r;

	(void) state;
	assert_int_equal(writer_open_file(&cx, missing, &w), -ENOENT);
	assert_int_equal(writer_open_file(&cx, dir, &w), -EISDIR);
	assert_int_equal(reader_open_file(&cx, missing, &r), -ENOENT);
	assert_int_equal(reader_open_file(&cx, dir, &r), -EISDIR);
	assert_int_equal(writer_open_fd(&cx, fd, &w), 0);
	assert_int_equal(writer_put(&cx, w, &thing_type, 1, &t), -EINVAL); /* before the header */
	assert_int_equal(writer_publish(&cx, w), -EINVAL);
	put_header(w);
	assert_int_equal(writer_publish(&cx, w), 0);
	writer_free(w);
}

static void test_speed(void **state)
{
	_close_ int fd = memfile();
	struct thing t = { 1, (char *) "some name of a file or so" };
	struct ctx cx = { 0 };
	struct writer *w;
	uint64_t start;

	(void) state;
	assert_int_equal(writer_open_fd(&cx, fd, &w), 0);
	start = now_ns();
	put_header(w);
	for (uint64_t i = 0; i < 100; i++)
		assert_int_equal(writer_put(&cx, w, &thing_type, i, &t), 0);
	assert_int_equal(writer_publish(&cx, w), 0);
	print_message("100 records written in %" PRIu64 " us", (now_ns() - start) / 1000);
	writer_free(w);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	start = now_ns();
	assert_int_equal(read_all(&cx, fd), 0);
	print_message(", read in %" PRIu64 " us\n", (now_ns() - start) / 1000);
}

static int setup(void **state)
{
	(void) state;
	(void) snprintf(dir, sizeof dir, "/tmp/test_image-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	(void) state;
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_small),	      cmocka_unit_test(test_truncation),
		cmocka_unit_test(test_bit_flips),     cmocka_unit_test(test_offset_of_descriptor),
		cmocka_unit_test(test_schema),	      cmocka_unit_test(test_promise),
		cmocka_unit_test(test_reason),	      cmocka_unit_test(test_parallel_file),
		cmocka_unit_test(test_parallel_pipe), cmocka_unit_test(test_publish),
		cmocka_unit_test(test_abandon),	      cmocka_unit_test(test_full),
		cmocka_unit_test(test_closed_pipe),   cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_misuse),	      cmocka_unit_test(test_speed),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
