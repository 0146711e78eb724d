/* SPDX-License-Identifier: Apache-2.0 */
#include "codesign/reqdiag.h"

#include "codesign/test-req.h"

TEST(places)
{
	_cleanup_req_diag_ ReqDiag diag;
	static const char text[] = "a\xc3\xa9\n\tb\n";

	req_diag_init(&diag);
	ASSERT_STREQ(req_diag_get(&diag), "");
	req_diag_deinit(&diag);
	req_diag_init(&diag);
	for (uint32_t i = 0; i < sizeof(text); i++)
		if (i != 2)
			req_diag_error(&diag, text, i, "%u", i);
	ASSERT_STREQ(req_diag_get(&diag), "line 1:1: 0\nline 1:2: 1\nline 1:3: 3\nline 2:1: 4\n"
					  "line 2:2: 5\nline 2:3: 6\nline 3:1: 7\n");
	ASSERT_STREQ(req_diag_get(&diag), req_diag_get(&diag));
}

TEST(bounds)
{
	_cleanup_req_diag_ ReqDiag diag;
	static char text[64], what[2000];

	memset(text, 'a', sizeof(text) - 1);
	memset(what, 'x', sizeof(what) - 1);
	req_diag_init(&diag);
	for (uint32_t i = 0; i < 50; i++) {
		req_diag_error(&diag, text, i, "%s", what);
		req_diag_error(&diag, text, i, "of the same place");
	}
	ASSERT_EQ(diag.n_errors, REQ_DIAG_ERRORS_MAX);
	ASSERT_EQ(diag.r, 0);
	ASSERT_EQ(strlen(req_diag_get(&diag)), REQ_DIAG_ERRORS_MAX * 511);
	ASSERT_NULL(strstr(req_diag_get(&diag), "same"));
}
