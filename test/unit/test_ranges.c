/*
 * test_ranges.c - ranges of addresses: sorted, joined, searched.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "tree/ranges.h"

static void test_none(void **state)
{
	_ranges_ struct ranges l = { 0 };

	(void) state;
	ranges_add(&l, 5, 5);
	ranges_add(&l, 6, 5);
	ranges_sort(&l);
	assert_null(ranges_overlap(&l));
	ranges_join(&l);
	assert_false(ranges_hold(&l, 0, 1));
	assert_false(ranges_hold(&l, 5, 5));
}

static void test_search(void **state)
{
	_ranges_ struct ranges l = { 0 };

	(void) state;
	ranges_add(&l, 30, 40);
	ranges_add(&l, 10, 20);
	ranges_add(&l, 20, 25);
	ranges_sort(&l);
	assert_null(ranges_overlap(&l));
	ranges_join(&l);
	assert_true(ranges_hold(&l, 10, 25));
	assert_true(ranges_hold(&l, 30, 40));
	assert_true(ranges_hold(&l, 39, 40));
	assert_false(ranges_hold(&l, 9, 11));
	assert_false(ranges_hold(&l, 24, 26));
	assert_false(ranges_hold(&l, 10, 31));
	assert_false(ranges_hold(&l, 40, 41));
	assert_false(ranges_hold(&l, 35, UINT64_MAX));
}

static void test_overlap(void **state)
{
	_ranges_ struct ranges l = { 0 };

	(void) state;
	ranges_add(&l, 10, 50);
	ranges_add(&l, 60, 70);
	ranges_add(&l, 30, 40);
	ranges_sort(&l);
	assert_int_equal(ranges_overlap(&l)->start, 30);
	ranges_join(&l);
	assert_true(ranges_hold(&l, 10, 50));
	assert_false(ranges_hold(&l, 50, 60));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_search),
		cmocka_unit_test(test_overlap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
