/* x87 - threads that keep long doubles on the x87 stack and floats in SSE registers, all the time.
 */
#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define THREADS 3
#define STEPS	1000

static unsigned char result[THREADS][64];

/* The logistic map is chaotic: one lost bit in one step changes every digit of the result. */
static void *run(void *arg)
{
	int me = (int) (long) arg;
	long double x = 0.3L + 0.01L * me, y = 0.7L, sum = 0;
	volatile float f[8];
	float v[8];
	uint64_t h = 14695981039346656037u;
	uint16_t cw = (uint16_t) (0x037f | (me << 10)); /* each thread rounds in its own way */

	__asm__ volatile("fldcw %0" : : "m"(cw));
	for (int i = 0; i < 8; i++)
		f[i] = 0.1f * (float) (i + 1 + me);
	for (int step = 0; step < STEPS; step++) {
		for (int i = 0; i < 8; i++)
			v[i] = f[i];
		for (int i = 0; i < 3000; i++) {
			x = 3.999L * x * (1 - x);
			y = sqrtl(fabsl(sinl(y + x)));
			sum += x * y;
			for (int k = 0; k < 8; k++)
				v[k] = 3.99f * v[k] * (1 - v[k]);
		}
		for (int i = 0; i < 8; i++) {
			uint32_t bits;

			f[i] = v[i] > 0 && v[i] < 1 ? v[i] : 0.37f;
			memcpy(&bits, &v[i], sizeof bits);
			h = (h ^ bits) * 1099511628211u;
		}
	}
	__asm__ volatile("fnstcw %0" : "=m"(cw));
	memcpy(result[me], &x, 10);
	memcpy(result[me] + 10, &y, 10);
	memcpy(result[me] + 20, &sum, 10);
	memcpy(result[me] + 30, &h, 8);
	memcpy(result[me] + 38, &cw, 2);
	return NULL;
}

int main(void)
{
	pthread_t t[THREADS];
	FILE *out;

	for (long i = 0; i < THREADS; i++)
		if (pthread_create(&t[i], NULL, run, (void *) i))
			return 1;
	for (int i = 0; i < THREADS; i++)
		(void) pthread_join(t[i], NULL);
	out = fopen("digest", "w");
	for (int i = 0; out && i < THREADS; i++)
		for (int k = 0; k < 40; k++)
			fprintf(out, "%02x%s", result[i][k], k == 39 ? "\n" : "");
	return !out || fclose(out);
}
