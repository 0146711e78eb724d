/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Servers that are killed with SIGKILL all the time, at random moments, while clients in several
 * processes and threads do one RPC after the other. The test is the supervisor: it keeps the receive
 * right, and gives it to the next run, with whatever is queued.
 *
 * Each request has exactly one outcome: its answer, or the notification that the right to answer it
 * died. None is answered that was not seen, none is seen twice, and none hangs.
 *
 * A run is one process that serves the port alone, or two that pass the receive right to and fro, and
 * rights to answer from one to the other. PORTCULLIS_TORTURE_SECONDS makes it last longer; with
 * PORTCULLIS_LEASES=0 there are no leases, and all of it must hold as well.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/prctl.h>

#include "tests/integration/integration.h"

#define N_CLIENTS 3
#define N_THREADS 4
#define N_ALL (N_CLIENTS * N_THREADS)
#define MAX_REQUESTS 400000u
#define N_OUTSTANDING 5 /* of those threads that do not wait for each answer */

enum { OTHER = 1, TAKE_IT, REQUEST, FORWARDED, ANSWER };

/* What the server shall do with a request. */
typedef enum Deed {
	ANSWER_IT,
	DROP_IT,
	FORWARD_IT,
	FORWARD_TO_DROP,
	KEEP_FOR_A_WHILE,
	_N_DEEDS
} Deed;

typedef struct Request {
	mach_msg_header_t header;
	mach_msg_body_t body; /* of what is forwarded: the right to answer */
	mach_msg_port_descriptor_t right;
	uint32_t thread;
	uint32_t number;
	uint32_t deed;
} Request;

/* Without a descriptor. */
typedef struct Plain {
	mach_msg_header_t header;
	uint32_t thread;
	uint32_t number;
	uint32_t deed;
} Plain;

typedef struct Tally {
	_Atomic uint32_t asked, answered, died, seen_by_no_one;
} Tally;

typedef struct Board {
	atomic_bool is_over;
	_Atomic uint32_t n_kills, n_moves, n_forwarded;
	Tally tallies[N_ALL];
	_Atomic uint8_t seen[N_ALL][MAX_REQUESTS];
} Board;

static Board *board;

static uint32_t dice(uint64_t *state, uint32_t n)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(*state >> 33) % n;
}

/* The client's side. */

typedef struct ClientThread {
	uint32_t index;
	mach_port_t service;
	bool is_ordinary; /* an ordinary port, and several requests at a time */
	pthread_t thread;
} ClientThread;

static Deed choose(uint64_t *state)
{
	uint32_t n = dice(state, 100);

	if (n < 80)
		return ANSWER_IT;
	return (Deed)(1 + n % (_N_DEEDS - 1));
}

static void send_request(const ClientThread *t, mach_port_t reply, uint32_t number, uint64_t *state)
{
	Plain request = {
		.header = make_header(t->service, COPY, reply, MAKE_ONCE, REQUEST),
		.thread = t->index,
		.number = number,
		.deed = choose(state),
	};

	request.header.msgh_size = sizeof(request);
	/* Without a time-out: that waits in the kernel. */
	ASSERT_EQ(mach_msg(&request.header, MACH_SEND_MSG, sizeof(request), 0, MACH_PORT_NULL, 0,
			  MACH_PORT_NULL),
		MACH_MSG_SUCCESS);
	atomic_fetch_add(&board->tallies[t->index].asked, 1);
}

/* One outcome. */
static void receive_outcome(const ClientThread *t, mach_port_t reply, uint32_t number)
{
	Tally *tally = &board->tallies[t->index];
	union {
		Plain message;
		uint8_t room[512];
	} in;

	ASSERT_EQ(mach_msg(&in.message.header, MACH_RCV_MSG | AUDIT_TRAILER, 0, sizeof(in), reply,
			  0, MACH_PORT_NULL),
		MACH_MSG_SUCCESS);
	if (in.message.header.msgh_id == MACH_NOTIFY_SEND_ONCE) {
		atomic_fetch_add(&tally->died, 1);
		/* With one at a time it is known which one it was. */
		if (!t->is_ordinary && !atomic_load(&board->seen[t->index][number]))
			atomic_fetch_add(&tally->seen_by_no_one, 1);
		return;
	}
	ASSERT_EQ(in.message.header.msgh_id, ANSWER);
	ASSERT_EQ(in.message.thread, t->index);
	if (!t->is_ordinary)
		ASSERT_EQ(in.message.number, number);
	ASSERT_EQ(atomic_load(&board->seen[t->index][in.message.number]), 1);
	atomic_fetch_add(&tally->answered, 1);
}

static void *client_thread(void *argument)
{
	ClientThread *t = argument;
	mach_port_t reply = t->is_ordinary ? make_receive() : mach_reply_port();
	uint64_t state = t->index + 1;
	unsigned outstanding = 0;

	for (uint32_t number = 0; number < MAX_REQUESTS && !atomic_load(&board->is_over);
		number++) {
		send_request(t, reply, number, &state);
		if (++outstanding < (t->is_ordinary ? N_OUTSTANDING : 1))
			continue;
		receive_outcome(t, reply, number);
		outstanding--;
	}
	for (; outstanding > 0; outstanding--)
		receive_outcome(t, reply, 0);
	hear_nothing(reply);
	drop_receive(reply);
	return NULL;
}

static void client_main(PeerCtx *ctx)
{
	mach_port_t hub;
	mach_port_t own = peer_begin_with_port(ctx, &hub);
	mach_port_t service = take(own, TAKE_IT);
	ClientThread threads[N_THREADS];

	for (uint32_t i = 0; i < N_THREADS; i++) {
		threads[i] = (ClientThread){
			.index = (uint32_t)(uintptr_t)ctx->arg * N_THREADS + i,
			.service = service,
			.is_ordinary = i == 0,
		};
		ASSERT_OK(pthread_create(&threads[i].thread, NULL, client_thread, &threads[i]));
	}
	for (uint32_t i = 0; i < N_THREADS; i++)
		ASSERT_OK(pthread_join(threads[i].thread, NULL));
	deallocate(service);
	destroy(own);
	peer_end();
}

/* The server's side. */

typedef struct Run {
	mach_port_t own, other, set;
	mach_port_t kept; /* a right to answer that waits for its time */
	uint32_t kept_thread, kept_number;
	uint64_t state;
	unsigned n_served;
	bool is_pair;
} Run;

static void reply_to(mach_port_t right, uint32_t thread, uint32_t number)
{
	Plain answer = {
		.header = make_header(right, MOVE_ONCE, MACH_PORT_NULL, 0, ANSWER),
		.thread = thread,
		.number = number,
	};

	answer.header.msgh_size = sizeof(answer);
	ASSERT_EQ(mach_msg(&answer.header, MACH_SEND_MSG, sizeof(answer), 0, MACH_PORT_NULL, 0,
			  MACH_PORT_NULL),
		MACH_MSG_SUCCESS);
}

static void forward(const Run *run, mach_port_t right, const Plain *request)
{
	Request message = {
		.header = make_header(run->other, COPY, MACH_PORT_NULL, 0, FORWARDED),
		.body = {1},
		.right = {.name = right,
			.disposition = MOVE_ONCE,
			.type = MACH_MSG_PORT_DESCRIPTOR},
		.thread = request->thread,
		.number = request->number,
		.deed = request->deed,
	};

	message.header.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
	message.header.msgh_size = sizeof(message);
	/* The other may be dead: then the right dies with the message. */
	if (mach_msg(&message.header, MACH_SEND_MSG, sizeof(message), 0, MACH_PORT_NULL, 0,
		    MACH_PORT_NULL) == MACH_MSG_SUCCESS)
		atomic_fetch_add(&board->n_forwarded, 1);
}

static void serve_request(Run *run, const Plain *request)
{
	mach_port_t right = request->header.msgh_remote_port;

	ASSERT_LT(request->thread, N_ALL);
	ASSERT_LT(request->number, MAX_REQUESTS);
	ASSERT_EQ(atomic_fetch_add(&board->seen[request->thread][request->number], 1), 0);
	switch (request->deed) {
	case FORWARD_IT:
	case FORWARD_TO_DROP:
		if (run->is_pair) {
			forward(run, right, request);
			return;
		}
		break;
	case DROP_IT:
		deallocate(right);
		return;
	case KEEP_FOR_A_WHILE:
		if (run->kept)
			reply_to(run->kept, run->kept_thread, run->kept_number);
		run->kept = right;
		run->kept_thread = request->thread;
		run->kept_number = request->number;
		return;
	default:
		break;
	}
	reply_to(right, request->thread, request->number);
}

static void serve_forwarded(const Request *request)
{
	if (request->deed == FORWARD_TO_DROP)
		deallocate(request->right.name);
	else
		reply_to(request->right.name, request->thread, request->number);
}

static void pass_it_on(Run *run, mach_port_t *service)
{
	PortMessage message = make_port_message(run->other, *service, MOVE_RECEIVE);

	message.header.msgh_bits = MACH_MSGH_BITS_COMPLEX | MACH_MSGH_BITS(COPY, 0);
	message.header.msgh_id = TAKE_IT;
	(void)mach_msg(&message.header, MACH_SEND_MSG, sizeof(message), 0, MACH_PORT_NULL, 0,
		MACH_PORT_NULL);
	atomic_fetch_add(&board->n_moves, 1);
	*service = MACH_PORT_NULL;
}

static void take_message(Run *run, mach_port_t *service, const Buffer *in)
{
	const Plain *plain = (const Plain *)in;
	/* What is kept is answered at some time, so that its client goes on. */
	bool idle = run->kept && dice(&run->state, 4) == 0;

	switch (in->header.msgh_id) {
	case REQUEST:
		serve_request(run, plain);
		if (run->is_pair && *service && ++run->n_served % 20 == 19)
			pass_it_on(run, service);
		break;
	case FORWARDED:
		serve_forwarded((const Request *)in);
		break;
	case TAKE_IT:
		*service = received_port(in);
		if (run->is_pair)
			ASSERT_EQ(mach_port_insert_member(SELF, *service, run->set), KERN_SUCCESS);
		break;
	default:
		FAIL("message %d", in->header.msgh_id);
	}
	if (idle) {
		reply_to(run->kept, run->kept_thread, run->kept_number);
		run->kept = MACH_PORT_NULL;
	}
}

/* While something is kept, it is not kept for ever if nothing more comes. */
static mach_msg_return_t next_message(const Run *run, mach_port_t from, Buffer *in)
{
	return mach_msg(&in->header, MACH_RCV_MSG | (run->kept ? MACH_RCV_TIMEOUT : 0), 0,
		sizeof(*in), from, 2, MACH_PORT_NULL);
}

__attribute__((__noreturn__)) static void run_main(uint64_t seed, bool is_pair)
{
	mach_port_t hub = hub_find(), service = MACH_PORT_NULL;
	Run run = {.own = make_receive(), .set = make_set(), .state = seed, .is_pair = is_pair};
	static Buffer in;

	give(hub, HELLO, run.own, MAKE);
	if (is_pair)
		run.other = take(run.own, OTHER);
	else
		service = take(run.own, TAKE_IT);
	ASSERT_EQ(mach_port_insert_member(SELF, run.own, run.set), KERN_SUCCESS);
	for (;;) {
		mach_port_t from = is_pair ? run.set : service;
		mach_msg_return_t mr = next_message(&run, from, &in);

		if (mr == MACH_RCV_TIMED_OUT) {
			reply_to(run.kept, run.kept_thread, run.kept_number);
			run.kept = MACH_PORT_NULL;
			continue;
		}
		ASSERT_EQ(mr, MACH_MSG_SUCCESS);
		take_message(&run, &service, &in);
	}
}

/* The supervisor. */

typedef struct Supervisor {
	Stage *s;
	portcullis_keeper_t keeper;
	mach_port_t service;
	pid_t pids[2];
	unsigned n;
	uint64_t state;
} Supervisor;

static mach_port_t run_fork(Supervisor *v, bool is_pair)
{
	pid_t parent = getpid(), pid;

	fflush(stdout);
	pid = ASSERT_SYS(fork());
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() == parent)
			run_main(v->state + v->n, is_pair);
		_exit(0);
	}
	v->pids[v->n++] = pid;
	return take(v->s->hub, HELLO);
}

static void run_start(Supervisor *v, bool is_pair)
{
	mach_port_t ports[2];

	v->n = 0;
	for (int i = 0; i < 1 + is_pair; i++)
		ports[i] = run_fork(v, is_pair);
	if (is_pair) {
		give(ports[0], OTHER, ports[1], COPY);
		give(ports[1], OTHER, ports[0], COPY);
		deallocate(ports[1]);
	}
	give(ports[0], TAKE_IT, v->service, MOVE_RECEIVE);
	deallocate(ports[0]);
}

/* A run ends by our hand only: any other end is a failed assertion in it. */
static void run_kill(Supervisor *v)
{
	uint32_t first = dice(&v->state, v->n);

	for (uint32_t i = 0; i < v->n; i++) {
		pid_t pid = v->pids[(first + i) % v->n];
		int status;

		ASSERT_EQ(waitpid(pid, &status, WNOHANG), 0);
		ASSERT_SYS(kill(pid, SIGKILL));
		ASSERT_EQ(waitpid(pid, &status, 0), pid);
		ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		atomic_fetch_add(&board->n_kills, 1);
	}
}

static void run_next(Supervisor *v)
{
	mach_port_t name = MACH_PORT_NULL;

	ASSERT_EQ(portcullis_keeper_reclaim(v->keeper, &name), KERN_SUCCESS);
	ASSERT_EQ(name, v->service);
	run_start(v, dice(&v->state, 2));
}

static unsigned seconds(void)
{
	const char *value = getenv("PORTCULLIS_TORTURE_SECONDS");
	unsigned n = value ? (unsigned)atoi(value) : 0;

	return n > 0 ? n : 3;
}

static void print_tallies(void)
{
	Tally sum = {0};

	for (int i = 0; i < N_ALL; i++) {
		Tally *t = &board->tallies[i];

		ASSERT_EQ(t->asked, t->answered + t->died);
		sum.asked += t->asked;
		sum.answered += t->answered;
		sum.died += t->died;
		sum.seen_by_no_one += t->seen_by_no_one;
		for (uint32_t k = 0; k < MAX_REQUESTS; k++)
			ASSERT_LE(board->seen[i][k], 1);
	}
	printf("%u requests: %u answered, %u died (%u unseen); %u kills, %u moves, %u forwarded\n",
		sum.asked, sum.answered, sum.died, sum.seen_by_no_one, board->n_kills,
		board->n_moves, board->n_forwarded);
	ASSERT_GT(sum.answered, 0);
	ASSERT_GT(sum.died, 0);
}

STAGE(every_request_has_one_outcome)
{
	Supervisor v = {.s = s, .service = make_send_receive(), .state = (uint64_t)getpid()};
	mach_port_t own[N_CLIENTS];
	Peer *clients[N_CLIENTS];
	uint64_t end;

	harness_set_deadline(s->h, seconds() + 60);
	board = mmap(
		NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(board != MAP_FAILED);
	ASSERT_EQ(portcullis_keeper_create(v.service, &v.keeper), KERN_SUCCESS);
	for (uintptr_t i = 0; i < N_CLIENTS; i++) {
		clients[i] = stage_spawn_with_port(s, "client", client_main, (void *)i, &own[i]);
		give(own[i], TAKE_IT, v.service, COPY);
		deallocate(own[i]);
	}
	run_start(&v, false);
	for (end = now_ms() + seconds() * 1000u; now_ms() < end;) {
		struct timespec life = {.tv_nsec = 1000L * (long)dice(&v.state, 12000)};

		(void)nanosleep(&life, NULL); /* how long this run lives */
		run_kill(&v);
		run_next(&v);
	}
	atomic_store(&board->is_over, true);
	for (int i = 0; i < N_CLIENTS; i++)
		harness_expect_exit(clients[i], 0);
	run_kill(&v);
	portcullis_keeper_destroy(v.keeper);
	deallocate(v.service);
	print_tallies();
	ASSERT_SYS(munmap(board, sizeof(*board)));
}
