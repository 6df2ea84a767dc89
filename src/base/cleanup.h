/*
 * cleanup.h - resources that give themselves back when their variable goes out of scope.
 *
 * Handing a resource on is visible: take_fd(&fd), take_ptr(p).
 */
#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(f) __attribute__((cleanup(f)))
#define _close_	     _cleanup_(close_p)
#define _free_	     _cleanup_(free_p)
#define _fclose_     _cleanup_(fclose_p)
#define _closedir_   _cleanup_(closedir_p)

static inline void close_p(int *fd)
{
	if (*fd >= 0)
		(void) close(*fd);
}

static inline void free_p(void *p)
{
	free(*(void **) p);
}

static inline void fclose_p(FILE **f)
{
	if (*f)
		(void) fclose(*f);
}

static inline void closedir_p(DIR **d)
{
	if (*d)
		(void) closedir(*d);
}

static inline int take_fd(int *fd)
{
	int v = *fd;

	*fd = -1;
	return v;
}

#define take_ptr(p)                                                                                \
	({                                                                                         \
		__typeof__(p) _v = (p);                                                            \
		(p) = NULL;                                                                        \
		_v;                                                                                \
	})

#define ARRAY_SIZE(a) (sizeof(a) / sizeof(*(a)))

#endif
