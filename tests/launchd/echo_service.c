/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A service that is started by its first message: answers with its pid. For the tests: it notes in a
 * shared file (LOG in its environment) which requests it received, before anything else, and which it
 * answered; a request of id 666 makes it crash, and 667 is the last that it answers.
 */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <mach/mach.h>
#include <servers/bootstrap.h>

#define LOG_SIZE (1 << 20)
#define CRASH 666
#define LAST 667
#define ANSWERED 0x80

#ifdef __SANITIZE_THREAD__
/* A job has no environment of ours. By default a process sleeps for a second before it ends, lest a race be
 * missed; a test of many runs has no time for that. */
const char *__tsan_default_options(void) __attribute__((__visibility__("default")));
const char *__tsan_default_options(void)
{
	return "atexit_sleep_ms=0";
}
#endif

int main(int argc, char **argv)
{
	const char *path = getenv("LOG");
	_Atomic unsigned char *log = NULL;
	mach_port_t bp, service;
	int fd;

	if (argc != 2 || task_get_bootstrap_port(mach_task_self(), &bp) != KERN_SUCCESS ||
		bootstrap_check_in(bp, argv[1], &service) != KERN_SUCCESS)
		return 1;
	fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	if (fd >= 0)
		log = mmap(NULL, LOG_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	for (;;) {
		struct {
			mach_msg_header_t header;
			mach_msg_max_trailer_t trailer;
		} m;
		int id;

		if (mach_msg(&m.header, MACH_RCV_MSG, 0, sizeof(m), service, 0, MACH_PORT_NULL) !=
			MACH_MSG_SUCCESS)
			return 2;
		id = m.header.msgh_id;
		if (log && id >= 0 && id < LOG_SIZE)
			log[id]++;
		if (id == CRASH)
			abort();
		if (m.header.msgh_remote_port == MACH_PORT_NULL)
			continue;
		m.header.msgh_bits = MACH_MSGH_BITS(MACH_MSGH_BITS_REMOTE(m.header.msgh_bits), 0);
		m.header.msgh_local_port = MACH_PORT_NULL;
		m.header.msgh_id = getpid();
		if (mach_msg(&m.header, MACH_SEND_MSG | MACH_SEND_TIMEOUT, sizeof(m.header), 0,
			    MACH_PORT_NULL, 0, MACH_PORT_NULL) == MACH_MSG_SUCCESS &&
			log && id >= 0 && id < LOG_SIZE)
			log[id] |= ANSWERED;
		if (id == LAST)
			return 0;
	}
}
