// SPDX-License-Identifier: Apache-2.0
// live.js - what changes on the server, as it changes
//
// The stream is read with fetch, since EventSource cannot send the token. When it breaks it is taken
// up again where it broke (Last-Event-ID); the server says "reset" when that is too long ago. After
// some failures in a row, or when the server has no place for another stream, the page polls until the
// stream is back.
//
// on.state('connecting' | 'live' | 'reconnecting' | 'polling'), on.event(type, data), on.reset():
// everything must be read again, on.refused(): the token is no good any more. Another address asks for
// other events.

import { headers } from './api.js';
import { EventParser } from './sse.js';

const FIRST_WAIT = 500, LONGEST_WAIT = 15000; // ms between attempts
const POLL_AFTER = 3; // failures in a row
const POLL_EVERY = 5000; // ms
const SILENCE = 60000; // ms without a byte: the connection is dead (the server beats more often)

export class Live {
	constructor(on, url = '/api/v1/events') {
		this.on = on;
		this.url = url;
		this.lastId = '';
		this.failures = 0;
		this.stopped = false;
		this.wake = () => {};
		this.online = () => this.wake();
	}

	start() {
		window.addEventListener('online', this.online);
		this.on.state('connecting');
		this.run();
	}

	stop() {
		this.stopped = true;
		window.removeEventListener('online', this.online);
		clearInterval(this.polls);
		this.abort?.abort();
		this.wake();
	}

	async run() {
		while (!this.stopped) {
			await this.stream().catch(() => {});
			if (this.stopped)
				return;
			this.failures++;
			this.fall();
			await this.pause(Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (this.failures - 1)));
		}
	}

	pause(ms) {
		return new Promise((done) => {
			const timer = setTimeout(done, ms * (0.75 + Math.random() / 2));

			this.wake = () => {
				clearTimeout(timer);
				done();
			};
		});
	}

	// The stream is not there: say so, and poll when that lasts.
	fall() {
		const poll = this.failures >= POLL_AFTER || this.full;

		this.on.state(poll ? 'polling' : 'reconnecting');
		if (poll && !this.polls)
			this.polls = setInterval(() => this.on.reset(), POLL_EVERY);
	}

	opened() {
		const again = this.failures > 0;

		clearInterval(this.polls);
		this.polls = 0;
		this.failures = 0;
		this.on.state('live');
		if (again)
			this.on.reset(); // what has no event (last seen) has moved on as well
	}

	// One connection, from its opening to its end.
	async stream() {
		this.abort = new AbortController();
		const response = await fetch(this.url, {
			headers: headers({ Accept: 'text/event-stream',
				...this.lastId && { 'Last-Event-ID': this.lastId } }),
			cache: 'no-store', signal: this.abort.signal,
		});

		this.full = response.status === 503;
		if (response.status === 401) {
			this.stop();
			this.on.refused();
		}
		if (!response.ok || !response.body)
			return;
		this.opened();
		await this.read(response.body.getReader());
	}

	async read(reader) {
		const decoder = new TextDecoder();
		const parser = new EventParser((event) => this.take(event));
		let silence;

		try {
			for (;;) {
				silence = setTimeout(() => this.abort.abort(), SILENCE);
				const { done, value } = await reader.read();

				clearTimeout(silence);
				if (done)
					return;
				parser.push(decoder.decode(value, { stream: true }));
			}
		} finally {
			clearTimeout(silence);
		}
	}

	take(event) {
		this.lastId = event.id;
		if (event.type === 'reset') {
			this.on.reset();
			return;
		}
		let data;

		try {
			data = JSON.parse(event.data);
		} catch {
			return;
		}
		this.on.event(event.type, data);
	}
}
