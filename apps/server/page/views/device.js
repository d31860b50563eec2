// SPDX-License-Identifier: Apache-2.0
// device.js - one device: what it runs, why it does not update, what happened to it

import * as api from '../api.js';
import { h, icon, keyed, setHidden, setText } from '../dom.js';
import { number } from '../format.js';
import {
	deviceState, empty, fact, fillDeviceState, fillTime, foreign, panel, showEither, time,
} from '../parts.js';
import lwm2m from './lwm2m.js';

const ROWS = 100; // of the history at first, and more with every press of the button

const tones = { proven: 'good', failed: 'bad', 'rolled back': 'bad', canceled: 'warn', denied: 'warn', 'cancel rejected': 'warn' };

function makeAttribute([name]) {
	return h('div', { class: 'attribute' }, foreign('dt', name), foreign('dd', ''));
}

function makeEntry(entry) {
	return h('li', { class: 'entry', 'data-tone': tones[entry.what] ?? 'quiet' },
		h('div', { class: 'line' }, h('span', { class: 'what' }, entry.what), h('span', { class: 'line-end' }, time())),
		foreign('p', entry.details === entry.what ? '' : entry.details));
}

function fillEntry(node, entry) {
	fillTime(node.querySelector('time'), entry.time);
}

function missing(id) {
	return empty('devices', 'There is no such device', 'Nobody has registered ', foreign('b', id), '. ',
		h('a', { href: '#/devices' }, 'Show all devices'), '.');
}

export default function device({ id, app }) {
	const state = deviceState();
	const release = fact('Release'), target = fact('Target'), board = fact('Board'), seen = fact('Last seen');
	const reason = foreign('p', '', { class: 'why' });
	const answers = h('div', { class: 'buttons', hidden: true }, [['confirm', 'Confirm the update', 'may take its update'],
		['deny', 'Deny it', 'stays as it is']].map(([verb, label, done]) => h('button', {
		type: 'button', 'data-verb': verb, onclick: () => app.act(`${path}/${verb}`, `${id} ${done}.`) }, label)));
	const attributes = h('dl', { class: 'attributes' });
	const silent = h('p', { class: 'note' }, 'It has not sent any yet.');
	const timeline = h('ol', { class: 'timeline' });
	const nothing = h('p', { class: 'note' }, 'Nothing has happened yet.');
	const more = h('button', { type: 'button', class: 'plain-button', hidden: true, onclick: () => {
		rows += ROWS;
		app.load();
	} }, 'Show more');
	const objects = lwm2m({ id, app });
	const content = h('div', { class: 'stacked' },
		h('dl', { class: 'facts' }, release, target, board, seen), panel('Why this state', reason, answers), objects.node,
		h('div', { class: 'columns' }, panel('History', timeline, nothing, more),
			panel('Attributes', attributes, silent)));
	const lost = missing(id);
	const path = `devices/${api.part(id)}`;
	let rows = ROWS;

	seen.lastChild.replaceChildren(time());
	lost.hidden = true;

	function show(d) {
		fillDeviceState(state, d);
		setHidden(answers, d.state !== 'unconfirmed' || !app.may('operator'));
		setText(release.lastChild.firstChild, d.release || '–');
		setText(target.lastChild.firstChild, d.target || '–');
		setText(board.lastChild.firstChild, d.board || '–');
		fillTime(seen.lastChild.firstChild, d.last_seen);
	}

	async function read() {
		const [d, why, history] = await Promise.all([api.get(path), api.get(`${path}/why`),
			api.get(`${path}/history`, { limit: rows })]);
		const known = Object.entries(d.attributes ?? {});

		show(d);
		setText(reason, why.reason);
		keyed(attributes, known, ([name]) => name, makeAttribute,
			(node, [, value]) => setText(node.lastChild, typeof value === 'string' ? value : JSON.stringify(value)));
		showEither(attributes, silent, known.length > 0);
		// They have no id, but a place: the newest comes first, so it is counted from the end.
		history.items.forEach((entry, i) => { entry.place = history.total - i; });
		keyed(timeline, history.items, ({ place }) => place, makeEntry, fillEntry);
		showEither(timeline, nothing, history.items.length > 0);
		await objects.show(d);
		more.hidden = history.total <= history.items.length || rows >= 500;
		setText(more, `Show more of ${number(history.total)}`);
	}

	async function load() {
		try {
			await read();
			showEither(content, lost, true);
			state.hidden = false;
		} catch (error) {
			if (error.status !== 404)
				throw error;
			showEither(content, lost, false);
			state.hidden = true;
		}
	}

	return {
		title: id,
		node: h('div', {}, h('a', { class: 'up', href: '#/devices' }, icon('back'), 'Devices'),
			h('div', { class: 'head device-head' }, foreign('h1', id), state), content, lost),
		load,
		leave: objects.leave,
		event(type, data) {
			if (type !== 'device' || data.id !== id)
				return;
			if (!data.removed)
				show(data);
			app.refresh();
		},
	};
}
