/* socket - a pair of connected sockets. */
/* test: refused 'fd 7: .*socket' */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ck.h"

int main(void)
{
	int s[2];
	char buf[8];

	need(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	need(dup2(s[0], 7));
	need(close(s[0]));
	need(dup2(s[1], 8));
	need(close(s[1]));
	ck_here();

	need(write(7, "hello", 5));
	ck(read(8, buf, sizeof buf) == 5 && !memcmp(buf, "hello", 5));
	return 0;
}
