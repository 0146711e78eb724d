/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where server and supervisor meet: what becomes of a property list, and of services when jobs come and
 * go. Jobs as processes are for tests/launchd.
 */
#include "launchd/domain.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "launchd/namespace.h"
#include "launchd/service.h"
#include "launchd/startup.h"
#include "launchd/test-in-child.h"

#define LIST(keys)                                                                                 \
	"<plist version=\"1.0\"><dict><key>Label</key><string>%s</string>"                         \
	"<key>Program</key><string>/bin/true</string>" keys "</dict></plist>"
#define SERVICE "<key>MachServices</key><dict><key>%s</key><true/></dict>"

static SpecReport report;
static char folder[] = "/tmp/test-domain.XXXXXX";

static void begin_domain(void)
{
	const DomainOptions options = {
		.socket_directory = mkdtemp(folder), .nofile = {.rlim_cur = 256, .rlim_max = 256}};

	ASSERT_NOT_NULL(options.socket_directory);
	begin();
	ASSERT_EQ(domain_init(&options), 0);
}

static void end_domain(void)
{
	domain_deinit();
	end();
	spec_report_deinit(&report);
	ASSERT_SYS(rmdir(folder));
}

static int load(const char *text, bool force, Job **ret)
{
	spec_report_deinit(&report);
	spec_report_init(&report, "/the/file");
	return domain_load(text, strlen(text), force, &report, ret);
}

static int load_job(const char *label, const char *service, Job **ret)
{
	char text[1024];

	(void)snprintf(text, sizeof(text), LIST(SERVICE), label, service);
	return load(text, false, ret);
}

static void assert_reported(const char *words)
{
	ASSERT_EQ(report.n_errors, 1u);
	ASSERT_STRSTR(report.problems[0].text, words);
}

CASE(a_job_is_loaded_with_its_services)
{
	Service *s;
	Job *job;

	begin_domain();
	ASSERT_EQ(load_job("test.a", "test.a.service", &job), 0);
	ASSERT_STREQ(job_label(job), "test.a");
	ASSERT_STREQ(domain_path(job), "/the/file");
	s = namespace_find_service(server.root, "test.a.service");
	ASSERT_NOT_NULL(s);
	ASSERT_TRUE(domain_next_service(job, NULL) == s);
	ASSERT_NULL(domain_next_service(job, s));
	ASSERT_TRUE(s->on_demand);
	ASSERT_STREQ(s->owner->label, "test.a");
	/* With the job go its names. */
	job_remove(job);
	ASSERT_NULL(namespace_find_service(server.root, "test.a.service"));
	ASSERT_NULL(supervisor_find_job(domain.supervisor, "test.a"));
	end_domain();
}

CASE(a_job_that_cannot_be_leaves_nothing)
{
	Service *s;
	Job *job;

	begin_domain();
	ASSERT_EQ(load("<plist version=\"1.0\"><dict/></plist>", false, &job), DOMAIN_E_INVALID);
	ASSERT_GT(report.n_errors, 0u);
	ASSERT_EQ(load_job("test.a", "one", &job), 0);
	ASSERT_EQ(load_job("test.a", "two", &job), DOMAIN_E_EXISTS);
	ASSERT_NULL(namespace_find_service(server.root, "two"));
	/* Of two names one is another's: the job has neither. */
	ASSERT_EQ(service_declare(server.root, "theirs", &server.self, NULL, &s), 0);
	ASSERT_EQ(load("<plist version=\"1.0\"><dict><key>Label</key><string>b</string>"
		       "<key>Program</key><string>/bin/true</string><key>MachServices</key><dict>"
		       "<key>mine</key><true/><key>theirs</key><true/></dict></dict></plist>",
			  false, &job),
		DOMAIN_E_NAME);
	assert_reported("\"theirs\" is the name of somebody else's service already");
	ASSERT_NULL(namespace_find_service(server.root, "mine"));
	ASSERT_TRUE(namespace_find_service(server.root, "theirs") == s);
	ASSERT_NULL(supervisor_find_job(domain.supervisor, "b"));
	ASSERT_EQ(load("<plist version=\"1.0\"><dict><key>Label</key><string>c</string>"
		       "<key>Program</key><string>/bin/true</string><key>Sockets</key><dict>"
		       "<key>s</key><dict><key>SockPathName</key><string>/nonexistent/x</string>"
		       "</dict></dict></dict></plist>",
			  false, &job),
		DOMAIN_E_REFUSED);
	assert_reported("/nonexistent");
	ASSERT_EQ(supervisor_n_jobs(domain.supervisor), 1u);
	end_domain();
}

CASE(what_is_said_of_a_label_is_above_its_file)
{
	char text[1024];
	Job *job;

	begin_domain();
	(void)snprintf(text, sizeof(text), LIST("<key>Disabled</key><true/>"), "test.a");
	ASSERT_EQ(load(text, false, &job), 0);
	ASSERT_FALSE(job_status(job)->is_enabled);
	job_remove(job);
	ASSERT_EQ(load(text, true, &job), 0);
	ASSERT_TRUE(job_status(job)->is_enabled);
	ASSERT_EQ(domain_set_enabled("test.a", false), 0);
	ASSERT_FALSE(job_status(job)->is_enabled);
	job_remove(job);
	ASSERT_EQ(domain_set_enabled("test.a", true), 0);
	ASSERT_EQ(load(text, false, &job), 0);
	ASSERT_TRUE(job_status(job)->is_enabled);
	end_domain();
}

CASE(sockets_are_in_the_environment_of_all)
{
	static const char list[] = LIST(
		"<key>Sockets</key><dict><key>s</key><dict><key>"
		"SecureSocketWithKey</key><string>S</string></dict></dict>");
	char text[1024], path[128];
	Job *a, *b;
	const char *value;

	begin_domain();
	(void)snprintf(text, sizeof(text), list, "test.a");
	ASSERT_EQ(load(text, false, &a), 0);
	value = environment_find(&domain.environment, "S");
	ASSERT_NOT_NULL(value);
	ASSERT_EQ(access(value, F_OK), 0);
	/* The last one counts, and the other is not to take it away. */
	(void)snprintf(text, sizeof(text), list, "test.b");
	ASSERT_EQ(load(text, false, &b), 0);
	(void)snprintf(path, sizeof(path), "%s", environment_find(&domain.environment, "S"));
	job_remove(a);
	ASSERT_STREQ(environment_find(&domain.environment, "S"), path);
	job_remove(b);
	ASSERT_NULL(environment_find(&domain.environment, "S"));
	end_domain();
}

/* --- Jobs from the start --- */

CASE(folders_of_jobs)
{
	StartupFolders f;

	(void)setenv("HOME", "/home/x", 1);
	(void)unsetenv("XDG_CONFIG_HOME");
	startup_folders(true, &f);
	ASSERT_EQ(f.n, 2u);
	ASSERT_STREQ(f.paths[0], "/etc/portcullis/LaunchDaemons");
	ASSERT_STREQ(f.paths[1], "/usr/lib/portcullis/LaunchDaemons");
	startup_folders(false, &f);
	ASSERT_EQ(f.n, 3u);
	ASSERT_STREQ(f.paths[0], "/home/x/.config/portcullis/LaunchAgents");
	ASSERT_STREQ(f.paths[1], "/etc/portcullis/LaunchAgents");
	ASSERT_STREQ(f.paths[2], "/usr/lib/portcullis/LaunchAgents");
	(void)setenv("XDG_CONFIG_HOME", "/config", 1);
	startup_folders(false, &f);
	ASSERT_STREQ(f.paths[0], "/config/portcullis/LaunchAgents");
	/* Relative ones are nobody's. */
	(void)setenv("XDG_CONFIG_HOME", "config", 1);
	(void)setenv("HOME", "", 1);
	startup_folders(false, &f);
	ASSERT_EQ(f.n, 2u);
}

CASE(files_are_loaded_one_by_one)
{
	char path[128], text[1024];
	FILE *out;

	begin_domain();
	for (int i = 0; i < 3; i++) {
		(void)snprintf(path, sizeof(path), "%s/%d.plist", folder, i);
		(void)snprintf(text, sizeof(text), LIST(""), i == 1 ? "no/label" : path + 5);
		for (char *p = strstr(text, "<string>") + 8; *p != '<'; p++)
			*p = *p == '/' && i != 1 ? '.' : *p;
		out = fopen(path, "we");
		ASSERT_NOT_NULL(out);
		(void)fputs(text, out);
		(void)fclose(out);
		ASSERT_SYS(chmod(path, 0600));
	}
	/* What is said of the one in the middle goes to standard error. */
	ASSERT_NOT_NULL(freopen("/dev/null", "w", stderr));
	startup_load(folder);
	ASSERT_EQ(supervisor_n_jobs(domain.supervisor), 2u);
	startup_load(path);
	ASSERT_EQ(supervisor_n_jobs(domain.supervisor), 2u);
	for (int i = 0; i < 3; i++) {
		(void)snprintf(path, sizeof(path), "%s/%d.plist", folder, i);
		ASSERT_SYS(unlink(path));
	}
	end_domain();
}
