/* SPDX-License-Identifier: Apache-2.0 */
/* Compares the message ids of a generated header with the public ones: of a signatures/X.h, see check-mig. */
#include <stdio.h>
#include <string.h>

struct Id {
	const char *name;
	int id;
};

#define IDS_N(array) (sizeof(array) / sizeof((array)[0]))

#define IDS_MAIN                                                                                   \
	int main(void)                                                                             \
	{                                                                                          \
		int status = IDS_N(generated) != IDS_N(published);                                 \
                                                                                                   \
		for (size_t i = 0; !status && i < IDS_N(published); i++) {                         \
			if (generated[i].id == published[i].id &&                                  \
				!strcmp(generated[i].name, published[i].name))                     \
				continue;                                                          \
			printf("%s %d, not %s %d\n", generated[i].name, generated[i].id,           \
				published[i].name, published[i].id);                               \
			status = 1;                                                                \
		}                                                                                  \
		return status;                                                                     \
	}

#define IDS_MAIN_NOTHING
