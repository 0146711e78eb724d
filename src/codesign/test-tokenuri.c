/* SPDX-License-Identifier: Apache-2.0 */
/* PKCS#11 URIs. */

#include "codesign/tokenuri.h"
#include "tests/lib/unit.h"

static CodeProblem problem;
static TokenUri uri;

static int parse(const char *text)
{
	int r;

	problem = (CodeProblem){0};
	r = token_uri_parse(text, &uri, &problem);
	ASSERT_EQ(problem.code, r);
	return r;
}

TEST(what_is_taken)
{
	static const struct {
		const char *text, *object, *pin_source;
	} cases[] = {
		{"pkcs11:object=a", "pkcs11:object=a", ""},
		{"PKCS11:id=%01%00", "pkcs11:id=%01%00", ""},
		{"pkcs11:token=t;object=a;type=private", "pkcs11:token=t;object=a", ""},
		{"pkcs11:type=cert;object=a;token=my%20token", "pkcs11:object=a;token=my%20token",
			""},
		{"pkcs11:object=a;", "pkcs11:object=a", ""},
		{"pkcs11:object=a?", "pkcs11:object=a", ""},
		{"pkcs11:object=?pin-source=/a", "pkcs11:object=", "/a"},
		{"pkcs11:object=a?pin-source=file:/a/b%20c", "pkcs11:object=a", "/a/b c"},
		{"pkcs11:object=a?pin-source=file:///a", "pkcs11:object=a", "/a"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		ASSERT_TRUE(token_uri_is(cases[i].text));
		ASSERT_OK(parse(cases[i].text));
		ASSERT_STREQ(uri.object, cases[i].object);
		ASSERT_STREQ(uri.pin_source, cases[i].pin_source);
	}
}

TEST(what_is_refused)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{"", "no PKCS#11 URI"},
		{"pkcs12:object=a", "no PKCS#11 URI"},
		{"pkcs11:", "names no object"},
		{"pkcs11:token=t", "names no object"},
		{"pkcs11:object=a;object=b", "twice"},
		{"pkcs11:object=a;type=public", "type"},
		{"pkcs11:object=a;colour=b", "unknown"},
		{"pkcs11:object", "without a value"},
		{"pkcs11:object=a;;", "without a value"},
		{"pkcs11:object=a b", "is not one"},
		{"pkcs11:object=\xc3\xa4", "is not one"},
		{"pkcs11:object=%4", "is not one"},
		{"pkcs11:object=%4g", "is not one"},
		{"pkcs11:object=a?pin-value=1234", "pin-source"},
		{"pkcs11:object=a?module-path=/x.so", "configured"},
		{"pkcs11:object=a?module-name=x", "configured"},
		{"pkcs11:object=a?pin-source=|cat", "absolute path"},
		{"pkcs11:object=a?pin-source=", "absolute path"},
		{"pkcs11:object=a?pin-source=a", "absolute path"},
		{"pkcs11:object=a?pin-source=/a&pin-source=/b", "twice"},
		{"pkcs11:object=a?pin-source=/a%00", "is not one"},
		{"pkcs11:object=a?x=y", "unknown"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		ASSERT_EQ(parse(cases[i].text), CODE_E_PARAMETER);
		ASSERT_STRSTR(problem.text, cases[i].why);
		/* Nothing of it is shown: there may be a PIN in it. */
		ASSERT_NULL(strstr(problem.text, "1234"));
	}
	ASSERT_FALSE(token_uri_is("name"));
	ASSERT_FALSE(token_uri_is("./pkcs11:object=a"));
}

TEST(how_long_it_may_be)
{
	char text[TOKEN_URI_MAX + 2];

	memset(text, 'a', sizeof(text));
	memcpy(text, "pkcs11:object=", 14);
	text[TOKEN_URI_MAX] = 0;
	ASSERT_OK(parse(text));
	ASSERT_STREQ(uri.object, text);
	text[TOKEN_URI_MAX] = 'a';
	text[TOKEN_URI_MAX + 1] = 0;
	ASSERT_EQ(parse(text), CODE_E_PARAMETER);
	memcpy(text, "pkcs11:id=a?pin-source=/", 24);
	text[TOKEN_URI_MAX] = 0;
	ASSERT_OK(parse(text));
	ASSERT_EQ(strlen(uri.pin_source), TOKEN_URI_MAX - 23);
}
