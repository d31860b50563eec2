// SPDX-License-Identifier: Apache-2.0
// overview.js - how the fleet is, in a few numbers

import * as api from '../api.js';
import { h, keyed, setAttribute, setHidden, setText } from '../dom.js';
import { count, number } from '../format.js';
import {
	badge, deviceLink, deviceStates, doneOf, empty, fillBadge, fillStackedBar, fillTime, foreign, goalOf, isBusy,
	panel, rolloutParts, rolloutStates, showEither, stackedBar, time,
} from '../parts.js';

const SHOWN = 8; // lines of a panel

function tile(label, href) {
	return h('a', { class: 'tile', href }, h('span', { class: 'tile-label' }, label),
		h('span', { class: 'tile-value foreign' }, '–'), h('span', { class: 'tile-note' }, '\u00a0'));
}

function fillTile(node, value, note, tone) {
	setText(node.children[1], value);
	if (note)
		setText(node.children[2], note);
	setAttribute(node, 'data-tone', tone ?? 'quiet');
}

function makeRollout() {
	return h('li', { class: 'mini-rollout' },
		h('div', { class: 'line' }, h('a', { class: 'foreign', href: '#/rollouts' }), badge(),
			h('span', { class: 'line-end' })),
		stackedBar('Devices of the rollout'));
}

function fillRollout(node, rollout) {
	const [line, bar] = node.children;

	setText(line.children[0], rollout.release);
	fillBadge(line.children[1], rolloutStates, rollout.state);
	setText(line.children[2], `${number(doneOf(rollout))} of ${number(rollout.devices)} ${goalOf(rollout)}`);
	fillStackedBar(bar, `Rollout ${rollout.id}`, rolloutParts(rollout));
}

function makeTrouble(device) {
	return h('li', { class: 'trouble' },
		h('div', { class: 'line' }, deviceLink(device.id), badge(), h('span', { class: 'line-end' }, time())),
		foreign('p', ''));
}

function fillTrouble(node, device) {
	const [line, reason] = node.children;

	fillBadge(line.children[1], deviceStates, device.state);
	fillTime(line.children[2].firstChild, device.last_seen);
	setText(reason, device.reason || 'It gave no reason.');
}

function fleetParts(states) {
	const sum = (test) => Object.keys(states).filter(test).reduce((n, state) => n + states[state], 0);

	return [
		{ key: 'proven', label: 'Proven', n: states.proven, href: '#/devices?state=proven' },
		{ key: 'downloaded', label: 'Downloaded', n: states.downloaded, href: '#/devices?state=downloaded' },
		{ key: 'busy', label: 'Updating', n: sum(isBusy), href: '#/devices' },
		{ key: 'unconfirmed', label: 'To be confirmed', n: states.unconfirmed,
			href: '#/devices?state=unconfirmed' },
		{ key: 'failed', label: 'Failed', n: states.failed, href: '#/devices?state=failed' },
		{ key: 'rolled_back', label: 'Rolled back', n: states.rolled_back,
			href: '#/devices?state=rolled_back' },
		{ key: 'idle', label: 'Idle', n: states.idle, href: '#/devices?state=idle' },
		{ key: 'unknown', label: 'Never seen', n: states.unknown, href: '#/devices?state=unknown' },
	];
}

function percent(n, of) {
	return `${of ? Math.floor(100 * n / of) : 0} %`;
}

function tiles() {
	return {
		online: tile('Devices online', '#/devices'),
		proven: tile('Proven', '#/devices?state=proven'),
		failing: tile('Failing', '#/devices?state=failed'),
		running: tile('Running rollouts', '#/rollouts'),
		newest: tile('Newest release', '#/releases'),
	};
}

function fillTiles(t, { status, releases }) {
	const { states } = status;
	const bad = states.failed + states.rolled_back;
	const { running, paused } = status.rollouts;
	const [newest] = releases;

	fillTile(t.online, number(status.online), `of ${count(status.devices, 'device')}`);
	fillTile(t.proven, number(states.proven), `${percent(states.proven, status.devices)} of the fleet`,
		states.proven ? 'good' : 'quiet');
	fillTile(t.failing, number(bad), `${states.failed} failed, ${states.rolled_back} rolled back`,
		bad ? 'bad' : 'quiet');
	setAttribute(t.failing, 'href', states.failed || !bad ? '#/devices?state=failed' : '#/devices?state=rolled_back');
	fillTile(t.running, number(running), paused ? `${number(paused)} paused` : 'none paused', running ? 'busy' : 'quiet');
	fillTile(t.newest, newest?.version ?? '–', newest ? null : 'none published yet');
	if (newest)
		fillTime(t.newest.children[2].querySelector('time') ?? newTime(t.newest.children[2]), newest.published);
}

function newTime(note) {
	const node = time();

	note.replaceChildren('published ', node);
	return node;
}

export default function overview({ app }) {
	const t = tiles();
	const bar = stackedBar('Devices by state');
	const running = h('ul', { class: 'plain' }), quiet = h('p', { class: 'note' }, 'No rollout is under way.');
	const troubles = h('ul', { class: 'plain' }), fine = h('p', { class: 'note' }, 'No device has failed.');
	const more = h('p', { class: 'note', hidden: true });
	const fleet = h('div', { class: 'stacked' }, panel('Devices by state', bar),
		h('div', { class: 'columns' }, panel('Rollouts under way', running, quiet),
			panel('Needs attention', troubles, more, fine)));
	const blank = empty('devices', 'No device yet', 'Start one with ', h('code', {}, 'mp run'),
		': it enrolls by itself and appears here.');

	showEither(fleet, blank, true);

	async function load() {
		const [status, going, paused, releases, failed, back] = await Promise.all([
			app.readStatus(), api.get('rollouts', { state: 'running', limit: 50 }),
			api.get('rollouts', { state: 'paused', limit: 50 }), api.get('releases', { limit: 1 }),
			api.get('devices', { state: 'failed', limit: SHOWN }),
			api.get('devices', { state: 'rolled_back', limit: SHOWN })]);
		const open = [...going.items, ...paused.items].sort((a, b) => b.id - a.id);
		const bad = [...failed.items, ...back.items].sort((a, b) => b.last_seen - a.last_seen).slice(0, SHOWN);
		const left = failed.total + back.total - bad.length;

		fillTiles(t, { status, releases: releases.items });
		showEither(fleet, blank, status.devices > 0 || open.length > 0);
		fillStackedBar(bar, 'Devices by state', fleetParts(status.states));
		keyed(running, open, ({ id }) => id, makeRollout, fillRollout);
		showEither(running, quiet, open.length > 0);
		keyed(troubles, bad, ({ id }) => id, makeTrouble, fillTrouble);
		showEither(troubles, fine, bad.length > 0);
		setText(more, `… and ${count(left, 'device')} more`);
		setHidden(more, left <= 0);
	}

	return {
		title: 'Overview',
		node: h('div', {}, h('div', { class: 'head' }, h('h1', {}, 'Overview')), h('div', { class: 'tiles' }, Object.values(t)), fleet, blank),
		load,
		event(type, data) {
			const node = running.querySelector(`[data-key="${Number(data.id)}"]`);

			if (type === 'rollout' && node && (data.state === 'running' || data.state === 'paused'))
				fillRollout(node, data);
			app.refresh();
		},
	};
}
