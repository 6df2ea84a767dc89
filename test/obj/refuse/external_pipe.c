/* pipe - whose other end somebody else holds, and which is none of 0, 1, 2. */
/* test: refused 'fd 5: .*pipe' */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ck.h"

/* A process that is not our child: sends back what it gets, until we are gone. */
static void echo(int from, int to)
{
	char c;

	if (fork())
		_exit(0);
	while (read(from, &c, 1) == 1 && write(to, &c, 1) == 1)
		;
	_exit(0);
}

int main(void)
{
	int out[2], back[2];
	char c = 0;

	need(pipe(out));
	need(pipe(back));
	if (!need(fork())) {
		(void) close(out[1]);
		(void) close(back[0]);
		echo(out[0], back[1]);
	}
	need(wait(NULL));
	need(close(out[0]));
	need(close(back[1]));
	need(dup2(out[1], 15));
	need(close(out[1]));
	need(dup2(back[0], 5));
	if (back[0] != 5)
		need(close(back[0]));
	need(dup2(15, 6));
	need(close(15));
	need(write(6, "a", 1));
	ck(read(5, &c, 1) == 1 && c == 'a');
	ck_here();

	need(write(6, "b", 1));
	ck(read(5, &c, 1) == 1 && c == 'b');
	return 0;
}
