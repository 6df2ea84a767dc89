/* pipe - packet mode (O_DIRECT): what was written in pieces is read in the same pieces. */
/* test: refused 'packet mode' */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "ck.h"

int main(void)
{
	const char *packet[] = { "one", "twenty-two", "3" };
	char buf[100];
	int p[2];

	need(pipe2(p, O_DIRECT));
	for (int i = 0; i < 3; i++)
		need(write(p[1], packet[i], strlen(packet[i])));
	ck_here();

	ck(fcntl(p[1], F_GETFL) == (O_WRONLY | O_DIRECT));
	for (int i = 0; i < 3; i++) {
		ssize_t n = read(p[0], buf, sizeof buf);

		ck(n == (ssize_t) strlen(packet[i]) && !memcmp(buf, packet[i], (size_t) n),
		   "packet %d: %zd bytes", i, n);
	}
	return 0;
}
