/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks a bootstrap port what it is. By itself, as the stubs of bootstrap.defs and of job.defs have types
 * of the same names and no file can see both.
 */
#include "tools/launchctl-identify.h"

#include "bootstrap_user.h"

kern_return_t namespace_identify(
	mach_port_t port, name_t ret_name, bootstrap_property_t *ret_property)
{
	kern_return_t kr;

	*ret_name = '\0';
	*ret_property = 0;
	kr = bootstrap_mig_describe(port, ret_name, ret_property);
	ret_name[BOOTSTRAP_MAX_NAME_LEN - 1] = '\0';
	/* Who serves the port may be anybody; the name goes to a terminal. */
	for (char *p = ret_name; *p; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	}
	return kr;
}
