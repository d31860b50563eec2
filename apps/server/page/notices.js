// SPDX-License-Identifier: Apache-2.0
// notices.js - short messages: shown for a while, and read out by screen readers

import { h, setText } from './dom.js';
import { deviceStates, isBad, rolloutStates } from './parts.js';
import { count } from './format.js';

const SHOWN = 6000; // ms
const KNOWN = 5000; // things whose last state is remembered

export function toast(text, tone = 'quiet') {
	const node = h('p', { class: 'toast', 'data-tone': tone }, text);

	document.getElementById('toasts').append(node);
	setTimeout(() => node.remove(), SHOWN);
}

// Tells of the ends of updates and of rollouts, once for all that happen within a second.
export class Announcer {
	constructor() {
		this.states = new Map();
		this.waiting = [];
		this.timer = 0;
	}

	event(type, data) {
		const key = `${type} ${data.id}`;

		if (!data.state || this.states.get(key) === data.state)
			return;
		if (this.states.size >= KNOWN)
			this.states.clear();
		this.states.set(key, data.state);
		if (type === 'rollout')
			this.say(`Rollout ${data.id} of ${data.release}: ${rolloutStates[data.state]?.label ?? data.state}.`);
		else if (data.state === 'proven' || isBad(data.state))
			this.say(`Device ${data.id}: ${deviceStates[data.state].label}.`);
	}

	say(text) {
		this.waiting.push(text);
		if (!this.timer)
			this.timer = setTimeout(() => this.speak(), 1000);
	}

	speak() {
		const all = this.waiting;

		this.timer = 0;
		this.waiting = [];
		setText(document.getElementById('announcer'),
			all.length <= 3 ? all.join(' ') : `${count(all.length, 'change')}: ${all.at(-1)}`);
	}
}
