/*
 * test_record.c - a struct becomes a record and back.
 *
 * Links with: src/base/{err,buf}.c src/image/[all].c -lcmocka -lxxhash -lpthread
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#undef fail /* base/err.h has its own */

#include "base/buf.h"
#include "base/err.h"
#include "image/header.h"
#include "image/record.h"

struct all {
	bool yes;
	uint8_t u8;
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;
	int32_t s32;
	int64_t s64;
	uint32_t x32;
	uint64_t x64;
	char *str, *absent;
	struct bytes bytes, u32s, u64s, none;
	uint16_t array[5];
	bool bools[3];
};

static const struct field all_fields[] = {
	FIELD(all, F_BOOL, yes),	 FIELD(all, F_U8, u8),
	FIELD(all, F_U16, u16),		 FIELD(all, F_U32, u32),
	FIELD(all, F_U64, u64),		 FIELD(all, F_S32, s32),
	FIELD(all, F_S64, s64),		 FIELD(all, F_X32, x32),
	FIELD(all, F_X64, x64),		 FIELD(all, F_STR, str),
	FIELD(all, F_STR, absent),	 FIELD(all, F_BYTES, bytes),
	FIELD(all, F_U32S, u32s),	 FIELD(all, F_U64S, u64s),
	FIELD(all, F_BYTES, none),	 FIELD_ARRAY(all, F_U16, array),
	FIELD_ARRAY(all, F_BOOL, bools),
};

static const struct record_type all_type = {
	.kind = 100, .version = 1, .name = "all", .size = sizeof(struct all), FIELDS(all_fields)
};

static uint32_t u32s[] = { 1, 0xffffffff, 3 };
static uint64_t u64s[] = { UINT64_MAX, 2 };

static struct all sample(void)
{
	return (struct all){
		.yes = true,
		.u8 = 255,
		.u16 = 0x1234,
		.u32 = 0x12345678,
		.u64 = 0x123456789abcdef0,
		.s32 = INT32_MIN,
		.s64 = -2,
		.x32 = 0xabc,
		.x64 = 0xffffffff80000000,
		.str = (char *) "line\n\"q\" \\ \xe9 \xc3\xa9",
		.bytes = { (char *) "\0\1\2", 3 },
		.u32s = { u32s, sizeof u32s },
		.u64s = { u64s, sizeof u64s },
		.array = { 1, 2, 3, 4, 65535 },
		.bools = { true, false, true },
	};
}

static void encode(const struct record_type *t, const void *obj, struct buf *out)
{
	struct ctx cx = { 0 };

	assert_int_equal(record_encode(&cx, t, obj, out), 0);
	assert_int_equal(out->len % 8, 0);
}

/* Decodes from a copy that is as long as it says, so that ASan sees every byte read too far. */
static int decode(struct ctx *cx, const void *p, size_t len, struct all *ret)
{
	void *copy = malloc(len ? len : 1);
	int r;

	memcpy(copy, p, len);
	r = record_decode(cx, &all_type, copy, len, ret);
	free(copy);
	return r;
}

static void same_bytes(const struct bytes *a, const struct bytes *b)
{
	assert_int_equal(a->len, b->len);
	if (a->len)
		assert_memory_equal(a->p, b->p, a->len);
}

static void test_round_trip(void **state)
{
	struct all a = sample(), b;
	struct ctx cx = { 0 };
	struct buf buf = { 0 };

	(void) state;
	encode(&all_type, &a, &buf);
	assert_int_equal(decode(&cx, buf.p, buf.len, &b), 0);
	assert_memory_equal(&a, &b, offsetof(struct all, str));
	assert_string_equal(a.str, b.str);
	assert_null(b.absent);
	same_bytes(&a.bytes, &b.bytes);
	same_bytes(&a.u32s, &b.u32s);
	same_bytes(&a.u64s, &b.u64s);
	same_bytes(&a.none, &b.none);
	assert_memory_equal(a.array, b.array, sizeof a.array);
	assert_memory_equal(a.bools, b.bools, sizeof a.bools);
	record_free(&all_type, &b);
	record_free(&all_type, &b); /* again does nothing */
	buf_done(&buf);
}

static void test_bytes_are_fixed(void **state)
{
	static const struct field fields[] = { FIELD(all, F_U16, u16), FIELD(all, F_STR, absent),
					       FIELD(all, F_STR, str) };
	static const struct record_type t = { .name = "x",
					      .size = sizeof(struct all),
					      FIELDS(fields) };
	static const uint8_t expected[] = { 1, 0, 3,  0, 2, 0, 0, 0, 0x34, 0x12, 0, 0, 0, 0, 0, 0,
					    3, 0, 10, 0, 2, 0, 0, 0, 'h',  'i',	 0, 0, 0, 0, 0, 0 };
	struct all a = { .u16 = 0x1234, .str = (char *) "hi" };
	struct buf buf = { 0 };

	(void) state;
	encode(&t, &a, &buf);
	assert_int_equal(buf.len, sizeof expected);
	assert_memory_equal(buf.p, expected, sizeof expected);
	buf_done(&buf);
}

static void test_truncation(void **state)
{
	struct all a = sample(), b;
	struct ctx cx = { 0 };
	struct buf buf = { 0 };

	(void) state;
	encode(&all_type, &a, &buf);
	for (size_t n = 0; n < buf.len; n++) {
		int r = decode(&cx, buf.p, n, &b);

		/* Cut between two fields it is an older image: the rest keeps zero. */
		assert_true(r == 0 ? n % 8 == 0 : r == ERR_DAMAGED);
		record_free(&all_type, &b);
	}
	buf_done(&buf);
}

static void test_bit_flips(void **state)
{
	struct all a = sample(), b;
	struct ctx cx = { 0 };
	struct buf buf = { 0 };

	(void) state;
	encode(&all_type, &a, &buf);
	for (size_t i = 0; i < buf.len * 8; i++) {
		uint8_t *p = buf.p;
		int r;

		p[i / 8] ^= (uint8_t) (1 << i % 8);
		r = decode(&cx, buf.p, buf.len, &b);
		p[i / 8] ^= (uint8_t) (1 << i % 8);
		assert_true(r == 0 || r == ERR_DAMAGED || r == ERR_UNSUPPORTED);
		record_free(&all_type, &b);
	}
	buf_done(&buf);
}

static void refuse(const uint8_t *p, size_t len, int err, const char *why)
{
	struct ctx cx = { 0 };
	struct all b;

	assert_int_equal(decode(&cx, p, len, &b), err);
	assert_non_null(strstr(cx.why, why));
}

static void test_refusals(void **state)
{
	(void) state;
#define REFUSE(err, why, ...)                                                                      \
	refuse((const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }), err, why)
	REFUSE(ERR_DAMAGED, "(yes) is a bool", 1, 0, 1, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0);
	REFUSE(ERR_DAMAGED, "padding", 1, 0, 1, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0);
	REFUSE(ERR_DAMAGED, "reserved", 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0);
	REFUSE(ERR_DAMAGED, "wrong type", 1, 0, 2, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0);
	REFUSE(ERR_DAMAGED, "wrong length", 1, 0, 1, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0);
	REFUSE(ERR_DAMAGED, "NUL", 10, 0, 10, 0, 2, 0, 0, 0, 'a', 0, 0, 0, 0, 0, 0, 0);
	REFUSE(ERR_DAMAGED, "longer", 12, 0, 11, 0, 255, 255, 255, 255, 1, 0, 0, 0, 0, 0, 0, 0);
	REFUSE(ERR_DAMAGED, "ascending", 0, 0, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0);
	REFUSE(ERR_UNSUPPORTED, "field 18", 18, 0, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0);
#undef REFUSE
}

static void test_encode_refuses_odd_runs(void **state)
{
	struct all a = { .u32s = { u32s, 6 } };
	struct ctx cx = { 0 };
	struct buf buf = { 0 };

	(void) state;
	assert_int_equal(record_encode(&cx, &all_type, &a, &buf), -EINVAL);
	buf_done(&buf);
}

static void shown(void (*show)(const struct record_type *, const void *, FILE *), const char *want)
{
	struct all a = sample();
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	show(&all_type, &a, f);
	(void) fclose(f);
	assert_string_equal(text, want);
	free(text);
}

static void test_show(void **state)
{
	(void) state;
	shown(record_show,
	      "yes=true u8=255 u16=4660 u32=305419896 u64=1311768467463790320 s32=-2147483648 "
	      "s64=-2 x32=0xabc x64=0xffffffff80000000 str=\"line\\n\\\"q\\\" \\\\ \\xe9 "
	      "\xc3\xa9\" "
	      "absent=- bytes=<000102> u32s=[1 4294967295 3] u64s=[18446744073709551615 2] none=<> "
	      "array=[1 2 3 4 65535] bools=[true false true]");
	shown(record_show_json,
	      "\"yes\":true,\"u8\":255,\"u16\":4660,\"u32\":305419896,\"u64\":1311768467463790320,"
	      "\"s32\":-2147483648,\"s64\":-2,\"x32\":\"0xabc\",\"x64\":\"0xffffffff80000000\","
	      "\"str\":\"line\\n\\\"q\\\" \\\\ \\udce9 \xc3\xa9\",\"absent\":null,"
	      "\"bytes\":\"000102\",\"u32s\":[1,4294967295,3],\"u64s\":[18446744073709551615,2],"
	      "\"none\":\"\",\"array\":[1,2,3,4,65535],\"bools\":[true,false,true]");
}

static void test_header_collect(void **state)
{
	struct image_header h, copy;
	struct ctx cx = { 0 };
	struct buf buf = { 0 };

	(void) state;
	assert_int_equal(image_header_collect(&cx, &h), 0);
	assert_null(image_header_check(&h));
	assert_true(h.abilities & (CAN_IA32 | CAN_X86_64));
	assert_int_equal(h.page_size, 4096);
	assert_non_null(h.kernel_release);
	assert_true(h.time > 0 && h.hz > 0 && h.nsig == 64 && h.siginfo_size == 128);
	if (h.xcr0)
		assert_true(h.xsave_size >= 576);
	encode(&image_header_type, &h, &buf);
	assert_int_equal(record_decode(&cx, &image_header_type, buf.p, buf.len, &copy), 0);
	assert_string_equal(h.cpu_vendor, copy.cpu_vendor);
	same_bytes(&h.xsave_layout, &copy.xsave_layout);
	record_free(&image_header_type, &h);
	record_free(&image_header_type, &copy);
	buf_done(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_bytes_are_fixed),
		cmocka_unit_test(test_truncation), cmocka_unit_test(test_bit_flips),
		cmocka_unit_test(test_refusals),   cmocka_unit_test(test_encode_refuses_odd_runs),
		cmocka_unit_test(test_show),	   cmocka_unit_test(test_header_collect),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
