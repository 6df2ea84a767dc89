/* stack - contents of a deep one; and it still grows by itself. */
#include <alloca.h>
#include <string.h>
#include <sys/resource.h>

#include "ck.h"

#define DEEP   (3 << 20)
#define DEEPER (6 << 20)

static char *top;

/* Goes down to that depth with alloca'ed blocks of uneven size, calls, and checks them coming up.
 */
static unsigned __attribute__((noinline)) down(size_t depth, unsigned level, void (*bottom)(void))
{
	size_t len = 1000 + level * 37 % 3000;
	volatile char *block = alloca(len);
	unsigned below = 0;

	memset((char *) block, (int) (level * 7), len);
	if ((size_t) (top - (char *) block) < depth)
		below = down(depth, level + 1, bottom);
	else if (bottom)
		bottom();
	for (size_t i = 0; i < len; i += 61)
		ck(block[i] == (char) (level * 7), "level %u, byte %zu", level, i);
	return below + 1;
}

int main(void)
{
	struct rlimit lim;
	char here;
	unsigned n;

	top = &here;
	need(getrlimit(RLIMIT_STACK, &lim));
	if (lim.rlim_cur < 8 << 20)
		ck_skip("needs a stack limit of 8 MiB");

	n = down(DEEP, 0, ck_here);
	ck(n > 500, "%u levels", n);
	ck(down(DEEPER, 0, NULL) > n);
	return 0;
}
