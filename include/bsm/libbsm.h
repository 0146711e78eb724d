/* SPDX-License-Identifier: Apache-2.0 */
/* The name under which programs look for the audit token calls. */
#ifndef _BSM_LIBBSM_H_
#define _BSM_LIBBSM_H_

#include <bsm/audit.h>

#endif
