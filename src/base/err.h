/*
 * err.h - how a failure travels: an errno value as the return value, its reason in the context.
 *
 * Whoever finds the failure says what and why with fail(); callers on the way up add "who" once
 * with blame().  main.c alone prints the result.  Three answers are told apart by their error
 * number and become three exit statuses (see err_status): failed, not supported, damaged.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#define ERR_UNSUPPORTED (-EOPNOTSUPP) /* refused by name: exit status 3 */
#define ERR_DAMAGED	(-EBADMSG)    /* the image is damaged, or is not one: exit status 4 */
#define ERR_USAGE	(-ENOEXEC)    /* the command line makes no sense: exit status 2 */

struct phase {
	const char *name;
	uint64_t ns; /* CLOCK_MONOTONIC when it began */
};

/* Travels through every call.  Holds no resource; zero-initialised is valid. */
struct ctx {
	char why[1024];
	struct phase phase[24];
	unsigned nphases;
};

/* Records the reason and returns err.  A "%m"-like suffix is not added: err_text(err) is, by
 * main.c, unless err is one of the ERR_ values, whose reason must be whole. */
__attribute__((format(printf, 3, 4))) int fail(struct ctx *cx, int err, const char *fmt, ...);

/* Puts "who: " before the reason already recorded; returns err.  For err >= 0 it does nothing. */
__attribute__((format(printf, 3, 4))) int blame(struct ctx *cx, int err, const char *fmt, ...);

/* Exit status for a failure: 1, 2, 3 or 4 as in reprise(1). */
int err_status(int err);

/* Whether the reason needs the system's own text behind it. */
bool err_is_system(int err);

/* Notes that the phase called name begins now (shown by -v). */
void phase(struct ctx *cx, const char *name);

uint64_t now_ns(void);

#endif
