/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_TOOLS_LAUNCHCTL_IDENTIFY_H
#define PORTCULLIS_TOOLS_LAUNCHCTL_IDENTIFY_H

#include <servers/bootstrap.h>

/* The name and kind of the namespace that a bootstrap port stands for; always a string. */
kern_return_t namespace_identify(
	mach_port_t port, name_t ret_name, bootstrap_property_t *ret_property);

#endif
