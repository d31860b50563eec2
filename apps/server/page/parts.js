// SPDX-License-Identifier: Apache-2.0
// parts.js - what several views show: states as badges, times, stacked bars, empty states

import { h, icon, keyed, setAttribute, setHidden, setText } from './dom.js';
import { ago, count, number, when } from './format.js';

// The tone is the colour; the words never leave the meaning to it alone.
export const deviceStates = {
	unknown: { label: 'Unknown', tone: 'quiet' },
	idle: { label: 'Idle', tone: 'quiet' },
	offered: { label: 'Offered', tone: 'busy' },
	downloading: { label: 'Downloading', tone: 'busy' },
	verifying: { label: 'Verifying', tone: 'busy' },
	installed: { label: 'Installed', tone: 'busy' },
	rebooting: { label: 'Rebooting', tone: 'busy' },
	proving: { label: 'Proving', tone: 'busy' },
	proven: { label: 'Proven', tone: 'good' },
	failed: { label: 'Failed', tone: 'bad' },
	rolled_back: { label: 'Rolled back', tone: 'bad' },
	unconfirmed: { label: 'To be confirmed', tone: 'warn' },
	downloaded: { label: 'Downloaded', tone: 'good' },
};

// Of a registration: may it be asked now?
export const lwm2mStates = {
	awake: { label: 'Online', tone: 'good' },
	asleep: { label: 'Sleeping', tone: 'quiet' },
};

export const rolloutStates = {
	running: { label: 'Running', tone: 'busy' },
	paused: { label: 'Paused', tone: 'warn' },
	finished: { label: 'Finished', tone: 'good' },
	stopped: { label: 'Stopped', tone: 'bad' },
	aborted: { label: 'Aborted', tone: 'quiet' },
};

// In the order in which they stand in a bar: what is certain comes first.
export const memberStates = {
	proven: 'Proven', downloaded: 'Downloaded', failed: 'Failed', proving: 'Proving', installing: 'Installing',
	downloading: 'Downloading', offered: 'Offered', unconfirmed: 'To be confirmed', waiting: 'Waiting',
	canceled: 'Cancelled',
};

export function isBusy(state) {
	return deviceStates[state]?.tone === 'busy';
}

export function isBad(state) {
	return deviceStates[state]?.tone === 'bad';
}

// What the device said, unless its state says it already ("downloading 34 %").
export function reasonOf({ state, reason, target }) {
	const words = reason.toLowerCase().replace(/\s*\d+\s*%\.?$/, '');

	return words === state || words === deviceStates[state]?.label.toLowerCase() || reason === target ? '' : reason;
}

// ---- badges ----

export function badge() {
	return h('span', { class: 'badge' }, h('span', { class: 'dot', 'aria-hidden': 'true' }), h('span'));
}

export function fillBadge(node, states, state) {
	const { label, tone } = states[state] ?? { label: state, tone: 'quiet' };

	setAttribute(node, 'data-tone', tone);
	setAttribute(node, 'data-state', state);
	setText(node.children[1], label);
}

// A device's state with the progress of its download below; the bar's place is always kept.
export function deviceState() {
	const mark = badge();

	mark.append(h('span', { class: 'percent' }));
	return h('div', { class: 'state' }, mark,
		h('div', { class: 'meter' }, h('div', { class: 'meter-fill' })));
}

export function fillDeviceState(node, device) {
	const [mark, meter] = node.children;
	const isLoading = device.state === 'downloading';
	const busy = isBusy(device.state) && device.state !== 'offered';
	const done = isLoading ? device.progress : 100;

	fillBadge(mark, deviceStates, device.state);
	setText(mark.lastChild, isLoading ? ` ${device.progress} %` : '');
	meter.classList.toggle('is-off', !busy);
	meter.classList.toggle('is-waiting', busy && !isLoading);
	meter.firstChild.style.width = busy ? `${done}%` : '0';
	if (busy) {
		setAttribute(meter, 'role', 'progressbar');
		setAttribute(meter, 'aria-label', 'Progress of the update');
		setAttribute(meter, 'aria-valuenow', String(done));
	} else {
		for (const name of ['role', 'aria-label', 'aria-valuenow'])
			meter.removeAttribute(name);
	}
}

// ---- times: main.js keeps them fresh ----

export function time() {
	return h('time', {});
}

export function fillTime(node, seconds) {
	setAttribute(node, 'data-at', String(seconds || 0));
	if (seconds) {
		setAttribute(node, 'datetime', new Date(seconds * 1000).toISOString());
		setAttribute(node, 'title', when(seconds));
	}
	setText(node, ago(seconds));
}

export function refreshTimes(root) {
	for (const node of root.querySelectorAll('time[data-at]'))
		setText(node, ago(Number(node.dataset.at)));
}

// ---- bars of several parts ----

// parts: [{ key, label, n, href? }]
export function stackedBar(label) {
	return h('div', { class: 'stack' },
		h('div', { class: 'stack-bar', role: 'img', 'aria-label': label }),
		h('ul', { class: 'legend' }));
}

function makeLegend(part) {
	return h('li', {}, h('span', { class: 'swatch', 'data-part': part.key, 'aria-hidden': 'true' }),
		part.href ? h('a', { href: part.href }, part.label) : h('span', {}, part.label), h('b'));
}

export function fillStackedBar(node, label, parts) {
	const [bar, legend] = node.children;
	const total = parts.reduce((sum, part) => sum + part.n, 0);
	const there = parts.filter((part) => part.n > 0);
	const said = there.map((part) => `${number(part.n)} ${part.label.toLowerCase()}`).join(', ');

	setAttribute(bar, 'aria-label', `${label}: ${said || 'none'}`);
	keyed(bar, there, (part) => part.key,
		(part) => h('span', { 'data-part': part.key }),
		(slice, part) => { slice.style.width = `${100 * part.n / total}%`; });
	keyed(legend, there, (part) => part.key, makeLegend,
		(item, part) => setText(item.lastChild, number(part.n)));
}

// What its devices come to, and how many have.
export function goalOf(rollout) {
	return rollout.download_only ? 'downloaded' : 'proven';
}

export function doneOf({ counts }) {
	return counts.proven + counts.downloaded;
}

export function rolloutParts(rollout) {
	return Object.entries(memberStates)
		.map(([key, label]) => ({ key, label, n: rollout.counts[key] ?? 0 }));
}

// ---- words of others ----

// Text from outside: it keeps to itself, whatever direction it is written in.
export function foreign(tag, text, props) {
	return h(tag, { dir: 'auto', ...props, class: `foreign ${props?.class ?? ''}`.trim() }, text ?? '');
}

export function deviceLink(id) {
	return foreign('a', id, { class: 'device-id', href: `#/devices/${encodeURIComponent(id)}` });
}

// ---- panels, facts, empty states ----

export function fact(label) {
	return h('div', { class: 'fact' }, h('dt', {}, label), h('dd', {}, foreign('span', '–')));
}

export function panel(title, ...children) {
	return h('section', { class: 'panel', 'aria-label': title }, h('h2', {}, title), children);
}

export function empty(picture, title, ...children) {
	return h('div', { class: 'empty' }, icon(picture), h('p', { class: 'empty-title' }, title),
		h('p', {}, children));
}

export function showEither(full, blank, isFull) {
	setHidden(full, !isFull);
	setHidden(blank, isFull);
}

// ---- pages of a long list ----

export function pager(move) {
	return h('nav', { class: 'pager', 'aria-label': 'Pages' },
		h('span', { class: 'pager-text' }),
		h('button', { type: 'button', 'aria-label': 'Previous page', onclick: () => move(-1) }, icon('back')),
		h('button', { type: 'button', 'aria-label': 'Next page', onclick: () => move(1) }, icon('next')));
}

export function fillPager(node, { offset, shown, total, size, what }) {
	const [text, back, next] = node.children;

	setText(text, total > size ? `${number(offset + 1)}–${number(offset + shown)} of ${count(total, what)}` :
		count(total, what));
	back.disabled = offset === 0;
	next.disabled = offset + shown >= total;
	setHidden(back, total <= size);
	setHidden(next, total <= size);
}
