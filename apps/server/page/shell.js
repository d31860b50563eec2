// SPDX-License-Identifier: Apache-2.0
// shell.js - the frame around every view: navigation, the live indicator, messages
//
// A new page of the fleet is one line in `sections`, and a view in views/.

import { h, icon, setAttribute, setHidden, setText } from './dom.js';
import device from './views/device.js';
import devices from './views/devices.js';
import overview from './views/overview.js';
import releases from './views/releases.js';
import rollouts from './views/rollouts.js';

// `detail` is the view of one thing of the page: #/devices/ID.
const sections = [
	{
		title: 'Fleet',
		pages: [
			{ path: '', title: 'Overview', icon: 'overview', view: overview },
			{ path: 'devices', title: 'Devices', icon: 'devices', view: devices, detail: device },
		],
	},
	{
		title: 'Delivery',
		pages: [
			{ path: 'rollouts', title: 'Rollouts', icon: 'rollouts', view: rollouts },
			{ path: 'releases', title: 'Releases', icon: 'releases', view: releases },
		],
	},
];

const pages = sections.flatMap((section) => section.pages);

// "#/devices/a%3Ab?x=1" -> { page, id, query }; null when there is no such page.
export function resolve(hash) {
	const [path, query] = hash.replace(/^#?\/?/, '').split('?', 2);
	const [first, id, more] = path.split('/');
	const page = pages.find((one) => one.path === first);

	if (!page || more || (id && !page.detail))
		return null;
	try {
		return { page, id: id ? decodeURIComponent(id) : null, query: new URLSearchParams(query) };
	} catch {
		return null; // a broken escape
	}
}

const liveStates = {
	connecting: 'Connecting…',
	live: 'Live',
	reconnecting: 'Reconnecting…',
	polling: 'Polling',
};

const liveTitles = {
	connecting: 'Opening the stream of changes',
	live: 'Changes show up as they happen',
	reconnecting: 'The stream of changes broke; it is being taken up again',
	polling: 'The stream of changes is not there; asking every 5 seconds instead',
};

function navigation() {
	return h('nav', { class: 'nav', 'aria-label': 'Main' }, sections.map((section) =>
		h('div', { class: 'nav-section' }, h('h2', { class: 'nav-title' }, section.title),
			section.pages.map((page) =>
				h('a', { href: `#/${page.path}`, 'data-page': page.path }, icon(page.icon),
					h('span', {}, page.title))))));
}

export class Shell {
	constructor(leave) {
		this.product = h('span', { class: 'product foreign', dir: 'auto' });
		this.role = h('span', { class: 'role' });
		this.version = h('span', {});
		this.live = h('span', { class: 'live', role: 'status' }, h('span', { class: 'dot', 'aria-hidden': 'true' }),
			h('span'));
		this.problem = h('p', { class: 'problem', role: 'alert', hidden: true });
		this.main = h('main', { id: 'main', tabindex: '-1' });
		this.nav = navigation();
		this.node = h('div', { class: 'shell' },
			h('button', { type: 'button', class: 'skip', onclick: () => this.main.focus() }, 'Skip to content'),
			h('header', { class: 'top' },
				h('a', { class: 'brand', href: '#/', 'aria-label': 'microPlatform, overview' },
					icon('logo'), h('span', { class: 'brand-name' }, 'microPlatform')),
				this.product, this.live,
				h('button', { type: 'button', class: 'leave', 'aria-label': 'Sign out', onclick: leave }, icon('leave'), h('span', {}, 'Sign out'))),
			h('div', { class: 'side' }, this.nav, h('p', { class: 'side-foot' }, this.role, this.version)),
			h('div', { class: 'content' }, this.problem, this.main));
	}

	setStatus(status) {
		setText(this.product, status.product);
		setText(this.version, `Server ${status.version}`);
		setText(this.role, `Signed in as ${status.role}`);
	}

	setLive(state) {
		setAttribute(this.live, 'data-live', state);
		setAttribute(this.live, 'title', liveTitles[state]);
		setText(this.live.lastChild, liveStates[state]);
	}

	setProblem(text) {
		setText(this.problem, text ?? '');
		setHidden(this.problem, !text);
	}

	show(page, node) {
		for (const link of this.nav.querySelectorAll('a'))
			if (link.dataset.page === page?.path)
				link.setAttribute('aria-current', 'page');
			else
				link.removeAttribute('aria-current');
		this.main.replaceChildren(node);
		window.scrollTo(0, 0);
	}
}
