/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codesign: signs files, verifies and displays their signatures. The parts:
 *
 *	-options, -value	the command line
 *	-input, -output		files that options name
 *	-report			lines, what can be done about a problem, progress
 *	-sign			-s, --remove-signature, --make-identity
 *	-verify, -deep		-v
 *	-display, -show		-d
 *
 * Each file is dealt with even if another one has failed; the exit status is that of the worst.
 */
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "tools/codesign.h"

/* Who is started without them must not find a file of ours there. */
static int open_stdio(void)
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
			return STATUS_FAILED;
	}
	return 0;
}

int main(int argc, char **argv)
{
	Options options;
	int status = open_stdio();

	if (status)
		return status;
	/* A limit on the size of files is an error like a disk that is full. */
	(void)signal(SIGXFSZ, SIG_IGN);
	status = options_parse(argc, argv, &options);
	if (status)
		return status;
	switch (options.action) {
	case ACTION_SIGN:
		return sign_all(&options);
	case ACTION_REMOVE:
		return remove_all(&options);
	case ACTION_VERIFY:
		return verify_all(&options);
	case ACTION_DISPLAY:
		return display_all(&options);
	case ACTION_MAKE_IDENTITY:
		return make_identity(&options);
	case ACTION_VERSION:
		print_line(stdout, "codesign %s", CODESIGN_VERSION);
		return output_flush();
	case ACTION_HELP:
		options_print_usage(stdout);
		return output_flush();
	case ACTION_NONE:
	case ACTION_HOSTING:
		break;
	}
	return STATUS_USAGE;
}
