/* SPDX-License-Identifier: Apache-2.0 */
/* pair.h - the messages between the agent's processes, over a socket pair (docs/spec/agent.md)
 *
 *     r = mp_pair_send(fd, &(struct mp_msg){ .type = MP_MSG_MARK, .num = { 1 } });
 *     r = mp_pair_recv(&p, &m);        // 1: a message; 0: the other end is gone
 *
 * One enum, one shape. Whoever is at the other end is not trusted: every message is checked
 * against the table of its type, its texts hold no NUL, and nothing is longer than its limit.
 * Encoding and decoding do no I/O; send and recv move one whole message (SOCK_SEQPACKET).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define MP_PAIR_TEXT 1024 /* most bytes of one text */
#define MP_PAIR_DATA 65536 /* most bytes of data in one message */
#define MP_PAIR_TEXTS 5
#define MP_PAIR_HEADER 20
#define MP_PAIR_MAX (MP_PAIR_HEADER + MP_PAIR_TEXTS * (2 + MP_PAIR_TEXT + 1) + MP_PAIR_DATA)

enum mp_msg_type {
	MP_MSG_RESULT = 1, /* verdict, text[0]: the sentence; ends every request */
	/* supervisor -> fetch */
	MP_MSG_SEED, /* text: "id" or "token", value; what enrollment starts from */
	MP_MSG_POLL, /* ask the server; answers: SLEEP, OFFER, CANCEL, WANTED, then RESULT */
	MP_MSG_FEEDBACK, /* text: "deployment" or "cancel", action, execution, finished, details */
	MP_MSG_ATTRIBUTES, /* data: a JSON object of strings */
	/* fetch -> supervisor */
	MP_MSG_IDENTITY, /* text: the device's id */
	MP_MSG_SLEEP, /* num[0]: seconds between polls, as the server wishes */
	MP_MSG_OFFER, /* text: action, version, name; num[0]: 1 when it may be installed now */
	MP_MSG_CANCEL, /* text: action */
	MP_MSG_WANTED, /* the server wants the attributes */
	/* supervisor -> install */
	MP_MSG_SETUP, /* answers: FACT ..., then RESULT */
	MP_MSG_INSTALL, /* text: version, action; num[0]: 1 to stop before it could boot; answers:
			 * PROGRESS ..., HAVE, then RESULT */
	MP_MSG_MARK, /* num[0]: 1 the running release is good, 0 bad; text: why it is bad */
	MP_MSG_SEEDED, /* the enrollment token is stored: take it off the ESP */
	/* install or containers -> supervisor */
	MP_MSG_FACT, /* text: name, value; of containers a service and MP_HEALTHY, or "" no longer; to
		      * lwm2m a service and its image, num[0]: 1 healthy */
	MP_MSG_PROGRESS, /* text: what; num: done, total */
	MP_MSG_HAVE, /* text: image id; data: its layers' diff ids, 64 digits each, from the first on;
		      * RESULT: num[0] is how many of them Docker has */
	/* supervisor -> containers (and HAVE) */
	MP_MSG_APPLY, /* text: version; answers: PROGRESS ..., RESULT once all are healthy */
	MP_MSG_PRUNE, /* images of releases that are gone */
	/* install -> fetch, on their own pair */
	MP_MSG_GET, /* text: file name; num: from byte, most bytes; answers: DATA ..., RESULT */
	MP_MSG_STOP, /* no more of it; RESULT still comes */
	/* fetch -> install */
	MP_MSG_DATA, /* data */
	/* supervisor -> fetch */
	MP_MSG_ENROLL, /* be known to the server; answers: IDENTITY, RESULT */
	MP_MSG_SOURCE, /* text: where a deployment is, a URL or "package"; answers: OFFER, RESULT */
	/* supervisor -> install */
	MP_MSG_COMMIT, /* what stopped there boots next; lwm2m says it to the supervisor, too */
	/* lwm2m -> supervisor (and COMMIT); each is answered by STATE */
	MP_MSG_REACHED, /* num[0]: 1 registered with a server, 0 no longer */
	MP_MSG_UPDATE, /* text: where a deployment is, as in SOURCE */
	MP_MSG_DROP, /* give up what UPDATE brought */
	MP_MSG_REBOOT,
	MP_MSG_RESET, /* to the factory's state; num[0]: 1 without the identity, too */
	/* supervisor -> lwm2m */
	MP_MSG_STATE, /* text: state, version, action, sentence, where from; num[0]: result of object
		       * 5; num[1]: how many messages of lwm2m it has seen */
	/* supervisor -> containers */
	MP_MSG_LOOK, /* text: version; answers: a FACT for each service, RESULT */
	MP_MSG_END_ /* not a message */
};

#define MP_HEALTHY "healthy"

/* How something ended: errno numbers never leave their process. */
enum mp_verdict {
	MP_OK,
	MP_FAILED, /* for no reason that this list knows */
	MP_MALFORMED,
	MP_BROKE_RULES,
	MP_NOT_SIGNED,
	MP_EXPIRED,
	MP_TOO_BIG,
	MP_NO_SPACE,
	MP_NOT_THERE,
	MP_EXISTS,
	MP_NOT_ALLOWED,
	MP_TIMED_OUT,
	MP_NO_SERVER,
	MP_CUT_SHORT,
	MP_SAID_NO, /* a server, engine or program that we asked */
	MP_NOT_SUPPORTED,
	MP_NO_MEMORY,
	MP_WAIT, /* not now */
	MP_STOPPED,
	MP_VERDICT_END_
};
enum mp_verdict mp_verdict_of(int r); /* r: 0 or more, or -errno */
int mp_verdict_errno(enum mp_verdict v); /* 0 or -errno */

struct mp_msg {
	enum mp_msg_type type;
	enum mp_verdict verdict;
	uint64_t num[2];
	const char *text[MP_PAIR_TEXTS]; /* NULL counts as ""; decoded ones are never NULL */
	const void *data;
	size_t len;
};

/* Append the message's bytes. -EINVAL: not in the shape of its type; -EFBIG: a text or the data
 * is too long; -ENOMEM. */
int mp_msg_encode(const struct mp_msg *m, struct mp_buf *out);

/* Everything in `ret` borrows from `bytes`. -EBADMSG. */
int mp_msg_decode(const void *bytes, size_t len, struct mp_msg *ret);

/* How many texts a type has, and whether it may carry data; for logs and tests its name. */
unsigned mp_msg_texts(enum mp_msg_type type);
const char *mp_msg_name(enum mp_msg_type type);

/* ---- one end of a pair ---- */
struct mp_pair {
	int fd;
	size_t room; /* of `bytes` */
	uint8_t *bytes; /* of the message that was received last */
};

int mp_pair_open(int ret_fds[2]); /* 0 or -errno; both close on exec */
/* Take over `fd`. `room`: the longest message that will be received; 0: MP_PAIR_MAX. -ENOMEM. */
int mp_pair_init(struct mp_pair *p, int fd, size_t room);
void mp_pair_done(struct mp_pair *p); /* closes it */

/* Texts that are too long are cut (a sentence is worth more short than not at all). 0,
 * -ECONNRESET: the other end is gone; -ENOMEM, -EINVAL, -EFBIG. */
int mp_pair_send(const struct mp_pair *p, const struct mp_msg *m);
int mp_pair_send_result(const struct mp_pair *p, int r, const char *sentence);
/* Wait for a message: 1; 0: the other end is gone; -EBADMSG, -EFBIG. `ret` borrows from `p` until
 * the next call. With `wait` false, -EAGAIN when there is none. */
int mp_pair_recv(struct mp_pair *p, bool wait, struct mp_msg *ret);
