/*
 * err.c - the reason of a failure, and the times of the phases that led to it.  Owns no resource.
 */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

int fail(struct ctx *cx, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void) vsnprintf(cx->why, sizeof cx->why, fmt, ap);
	va_end(ap);
	return err;
}

int blame(struct ctx *cx, int err, const char *fmt, ...)
{
	char who[256], why[sizeof cx->why];
	va_list ap;

	if (err >= 0)
		return err;
	va_start(ap, fmt);
	(void) vsnprintf(who, sizeof who, fmt, ap);
	va_end(ap);
	memcpy(why, cx->why, sizeof why);
	(void) snprintf(cx->why, sizeof cx->why, "%s: %.*s", who,
			(int) (sizeof why - sizeof who - 3), why);
	return err;
}

int err_status(int err)
{
	switch (err) {
	case ERR_USAGE:
		return 2;
	case ERR_UNSUPPORTED:
		return 3;
	case ERR_DAMAGED:
		return 4;
	default:
		return err < 0 ? 1 : 0;
	}
}

bool err_is_system(int err)
{
	return err_status(err) == 1;
}

uint64_t now_ns(void)
{
	struct timespec t;

	(void) clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t) t.tv_sec * 1000000000 + (uint64_t) t.tv_nsec;
}

void phase(struct ctx *cx, const char *name)
{
	if (cx->nphases < sizeof cx->phase / sizeof *cx->phase)
		cx->phase[cx->nphases++] = (struct phase){ name, now_ns() };
}
