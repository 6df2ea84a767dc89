/* memory - a locked page. */
/* test: refused 'locked memory' */
#include <string.h>
#include <sys/mman.h>

#include "ck.h"

int main(void)
{
	char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	need(p == MAP_FAILED ? -1 : 0);
	need(mlock(p, 4096));
	strcpy(p, "kept");
	ck_here();

	ck(!strcmp(p, "kept"));
	need(munlock(p, 4096));
	return 0;
}
