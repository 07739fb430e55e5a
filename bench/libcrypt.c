/*
 * What libcrypt alone takes for new hashes: COUNT of them, with random salts, on so many THREADS.
 * Takes COUNT, THREADS and crypt(5)'s PREFIX; prints nothing.
 */
#include <crypt.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

static atomic_int left;
static const char *prefix;

static void *hash_on(void *unused)
{
	struct crypt_data *data = calloc(1, sizeof *data);
	char setting[CRYPT_GENSALT_OUTPUT_SIZE], password[32];
	int number;

	while (data && (number = atomic_fetch_sub(&left, 1)) > 0) {
		snprintf(password, sizeof password, "password-%07d", number);
		if (!crypt_gensalt_rn(prefix, 0, NULL, 0, setting, sizeof setting) ||
		    !crypt_rn(password, setting, data, sizeof *data))
			exit(1);
	}
	free(data);
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t threads[256];
	int count;

	if (argc != 4 || (count = atoi(argv[2])) < 1 || count > 256)
		return 2;
	atomic_init(&left, atoi(argv[1]));
	prefix = argv[3];
	for (int i = 0; i < count; i++)
		if (pthread_create(&threads[i], NULL, hash_on, NULL))
			return 1;
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
