// SPDX-License-Identifier: Apache-2.0
// main.js - signing in, finding the view for the address, and keeping it fresh
//
// A view is a function of { id, query, app } that returns
//     { title, node, load(): Promise, event(type, data)?, leave()? }
// load() brings everything up to date and is called again and again; event() takes one change in.

import * as api from './api.js';
import { h, seldom } from './dom.js';
import { setServerTime } from './format.js';
import { Live } from './live.js';
import { Announcer, toast } from './notices.js';
import { empty, refreshTimes } from './parts.js';
import { resolve, Shell } from './shell.js';
import { login } from './views/login.js';

const FRESH = 30000; // ms: what has no event of its own, such as when a device was last seen
const TICK = 10000; // ms: "3 minutes ago"

const root = document.getElementById('app');

class App {
	constructor(status) {
		this.status = status;
		this.shell = new Shell(() => leave());
		this.announcer = new Announcer();
		this.refresh = seldom(() => this.load(), 1000); // soon, not at once: changes come in swarms
		this.live = new Live({
			state: (state) => this.setLive(state),
			event: (type, data) => this.event(type, data),
			reset: () => this.load(),
			refused: () => leave('This token is not valid any more.'),
		});
		this.route = () => this.open();
	}

	start() {
		this.shell.setStatus(this.status);
		root.replaceChildren(this.shell.node);
		window.addEventListener('hashchange', this.route);
		this.timers = [setInterval(() => this.load(), FRESH),
			setInterval(() => refreshTimes(this.shell.main), TICK)];
		this.open();
		this.live.start();
	}

	stop() {
		this.live.stop();
		this.refresh.cancel();
		this.timers.forEach(clearInterval);
		window.removeEventListener('hashchange', this.route);
		this.view?.leave?.();
		this.view = null;
	}

	setLive(state) {
		this.shell.setLive(state);
		if (state === 'reconnecting')
			this.refresh(); // is the server there at all?
	}

	may(role) {
		const roles = ['viewer', 'operator', 'admin'];

		return roles.indexOf(this.status.role) >= roles.indexOf(role);
	}

	open() {
		const found = resolve(location.hash);

		this.view?.leave?.();
		this.view = found ? (found.id === null ? found.page.view : found.page.detail)({ ...found, app: this }) :
			nowhere();
		this.shell.setProblem(null);
		this.shell.show(found?.page, this.view.node);
		document.title = `${this.view.title} · ${this.status.product} · microPlatform`;
		if (this.moved) // not at the start, where the focus belongs to the address bar
			this.shell.main.focus({ preventScroll: true });
		this.moved = true;
		this.load();
	}

	// One at a time; what is asked for meanwhile comes right after.
	async load() {
		if (this.loading) {
			this.again = true;
			return;
		}
		this.loading = true;
		do {
			this.again = false;
			await this.loadOnce();
		} while (this.again);
		this.loading = false;
	}

	async loadOnce() {
		const view = this.view;

		try {
			await view?.load();
			if (view === this.view)
				this.shell.setProblem(null);
		} catch (error) {
			if (!(error instanceof api.ApiError))
				console.error(error);
			if (view !== this.view)
				return; // somebody has moved on, or left
			if (error.status === 401)
				leave('This token is not valid any more.');
			else
				this.shell.setProblem(error.message);
		}
	}

	event(type, data) {
		this.announcer.event(type, data);
		this.view?.event?.(type, data);
	}

	// Do something for a person and say how it went.
	async act(path, done) {
		try {
			await api.post(path);
			toast(done, 'good');
		} catch (error) {
			toast(error.message, 'bad');
		}
		await this.load();
	}

	async readStatus() {
		this.status = await readStatus();
		this.shell.setStatus(this.status);
		return this.status;
	}
}

function nowhere() {
	return { title: 'Nothing here', load: async () => {},
		node: empty('search', 'There is no such page.', h('a', { href: '#/' }, 'Go to the overview')) };
}

async function readStatus() {
	const status = await api.get('status');

	setServerTime(status.time);
	return status;
}

let app = null;

// Try the token that this tab has; throws what the server said.
async function enter() {
	const status = await readStatus();

	app = new App(status);
	app.start();
}

function leave(why) {
	app?.stop();
	app = null;
	api.setToken(null);
	showLogin(why);
}

function showLogin(why) {
	document.title = 'Sign in · microPlatform';
	root.replaceChildren(login({ why, enter }));
	root.querySelector('input').focus();
}

if (api.token())
	enter().catch((error) => {
		if (error.status === 401)
			api.setToken(null);
		showLogin(error.status === 401 ? 'This token is not valid any more.' : error.message);
	});
else
	showLogin();
