/* SPDX-License-Identifier: Apache-2.0 */
#include "mig/keyword.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "mig/grammar.h"

typedef struct Keyword {
	const char *text;
	int token;
	bool exact;
} Keyword;

/* In the order of strcasecmp(). */
static const Keyword keywords[] = {
	{"array", T_ARRAY, false},
	{"audittoken", T_AUDITTOKEN, false},
	{"auto", T_AUTO, false},
	{"c_string", T_C_STRING, false},
	{"const", T_CONST, false},
	{"consumeonsenderror", T_CONSUMEONSENDERROR, false},
	{"countinout", T_COUNTINOUT, false},
	{"cservertype", T_CSERVERTYPE, false},
	{"ctype", T_CTYPE, false},
	{"cusertype", T_CUSERTYPE, false},
	{"dealloc", T_DEALLOC, false},
	{"destructor", T_DESTRUCTOR, false},
	{"dimport", T_DIMPORT, false},
	{"error", T_ERROR, false},
	{"iimport", T_IIMPORT, false},
	{"import", T_IMPORT, false},
	{"in", T_IN, false},
	{"inout", T_INOUT, false},
	{"intran", T_INTRAN, false},
	{"kernelserver", T_KERNELSERVER, false},
	{"kerneluser", T_KERNELUSER, false},
	{"msgoption", T_MSGOPTION, false},
	{"msgseqno", T_MSGSEQNO, false},
	{"nosendtime", T_NOSENDTIME, false},
	{"notdealloc", T_NOTDEALLOC, false},
	{"nowaittime", T_NOWAITTIME, false},
	{"of", T_OF, false},
	{"OnStackLimit", T_ONSTACKLIMIT, true},
	{"out", T_OUT, false},
	{"outtran", T_OUTTRAN, false},
	{"overwrite", T_OVERWRITE, false},
	{"physicalcopy", T_PHYSICALCOPY, false},
	{"PointerTo", T_POINTERTO, true},
	{"PointerToIfNot", T_POINTERTOIFNOT, true},
	{"rcsid", T_RCSID, false},
	{"replyport", T_REPLYPORT, false},
	{"requestport", T_REQUESTPORT, false},
	{"retcode", T_RETCODE, false},
	{"routine", T_ROUTINE, false},
	{"samecount", T_SAMECOUNT, false},
	{"sectoken", T_SECTOKEN, false},
	{"sendtime", T_SENDTIME, false},
	{"serveraudittoken", T_SERVERAUDITTOKEN, false},
	{"servercontexttoken", T_SERVERCONTEXTTOKEN, false},
	{"serverdemux", T_SERVERDEMUX, false},
	{"serverimpl", T_SERVERIMPL, false},
	{"serverprefix", T_SERVERPREFIX, false},
	{"serversectoken", T_SERVERSECTOKEN, false},
	{"simpleroutine", T_SIMPLEROUTINE, false},
	{"simport", T_SIMPORT, false},
	{"skip", T_SKIP, false},
	{"sreplyport", T_SREPLYPORT, false},
	{"struct", T_STRUCT, false},
	{"subsystem", T_SUBSYSTEM, false},
	{"type", T_TYPE, false},
	{"uimport", T_UIMPORT, false},
	{"ureplyport", T_UREPLYPORT, false},
	{"useraudittoken", T_USERAUDITTOKEN, false},
	{"userimpl", T_USERIMPL, false},
	{"userprefix", T_USERPREFIX, false},
	{"usersectoken", T_USERSECTOKEN, false},
	{"UserTypeLimit", T_USERTYPELIMIT, true},
	{"usespecialreplyport", T_USESPECIALREPLYPORT, false},
	{"ValueOf", T_VALUEOF, true},
	{"virtualcopy", T_VIRTUALCOPY, false},
	{"waittime", T_WAITTIME, false},
};

static const struct {
	const char *text, *advice;
} advices[] = {
	{"camelot", "`camelot` is not a mode of subsystems any more; leave it out"},
	{"function", "there are no functions any more; write `routine`, and an argument "
		     "`out NAME : TYPE, RetCode` for the result"},
	{"procedure", "there are no procedures any more; write `routine`"},
	{"simpleprocedure", "there are no procedures any more; write `simpleroutine`"},
	{"simplefunction", "there are no functions any more; write `routine`"},
	{"operation", "there are no operations any more; write `routine`"},
	{"simpleoperation", "there are no operations any more; write `simpleroutine`"},
	{"msgtype", "the type of a message cannot be chosen any more; leave this argument out"},
	{"islong", "there are no long forms of types any more; leave `IsLong` out"},
	{"isnotlong", "there are no long forms of types any more; leave `IsNotLong` out"},
	{"long", "there are no long forms of types any more; leave `long` out"},
	{"inline", "a type is inline unless `^` or `array[]` says otherwise; leave `inline` out"},
	{"notinline", "memory out of line is written `^ TYPE`; leave `notinline` out"},
};

static int compare(const void *key, const void *element)
{
	return strcasecmp(key, ((const Keyword *)element)->text);
}

int keyword_find(const char *text)
{
	const Keyword *k = bsearch(text, keywords, ARRAY_SIZE(keywords), sizeof(*k), compare);

	if (!k || (k->exact && strcmp(k->text, text) != 0))
		return 0;
	return k->token;
}

const char *keyword_find_advice(const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(advices); i++) {
		if (strcasecmp(advices[i].text, text) == 0)
			return advices[i].advice;
	}
	return NULL;
}
