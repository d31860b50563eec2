// SPDX-License-Identifier: Apache-2.0
// devices.js - the table of devices: search, filter, pages; rows change as the devices do
//
// Filter and page are in the address, so that what is seen can be passed on.

import * as api from '../api.js';
import { h, icon, keyed, setAttribute, setText } from '../dom.js';
import {
	badge, deviceLink, deviceState, deviceStates, empty, fillBadge, fillDeviceState, fillPager, fillTime, foreign, isBad,
	lwm2mStates, pager, reasonOf, time,
} from '../parts.js';

const PAGE = 50;
const TYPING = 250; // ms without a key before the search begins

const columns = ['Device', 'Release', 'Target', 'State', 'Reason', 'Last seen'];

function cell(column, ...children) {
	return h('td', { role: 'cell', class: `c-${column}` }, children);
}

function makeRow(device) {
	return h('tr', { role: 'row' },
		cell(0, deviceLink(device.id), h('span', { class: 'sub' }, foreign('span', ''), badge())),
		cell(1, foreign('span', '')), cell(2, foreign('span', '')), cell(3, deviceState()),
		cell(4, foreign('span', '', { class: 'clamp' })), cell(5, time()));
}

// Is it registered over LwM2M? Sleeping devices take what waits for them when they wake.
function fillLwm2m(mark, state) {
	mark.hidden = !state;
	if (!state)
		return;
	fillBadge(mark, lwm2mStates, state);
	setAttribute(mark, 'title', `LwM2M: ${lwm2mStates[state].label.toLowerCase()}`);
}

function fillRow(row, device) {
	const [id, release, target, state, reason, seen] = row.children;
	const isNew = device.target && device.target !== device.release;
	const said = reasonOf(device);

	setText(id.children[1].firstChild, device.board || '\u00a0');
	fillLwm2m(id.children[1].lastChild, device.lwm2m);
	setText(release.firstChild, device.release || '–');
	setText(target.firstChild, isNew ? device.target : '–');
	fillDeviceState(state.firstChild, device);
	target.classList.toggle('is-empty', !isNew);
	setText(reason.firstChild, said);
	setAttribute(reason.firstChild, 'title', said);
	reason.classList.toggle('is-empty', !said);
	reason.classList.toggle('is-bad', isBad(device.state));
	fillTime(seen.firstChild, device.last_seen);
}

function table(body) {
	return h('table', { role: 'table', class: 'devices', 'aria-label': 'Devices' },
		h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, columns.map((name, i) =>
			h('th', { role: 'columnheader', scope: 'col', class: `c-${i}` }, name)))), body);
}

function addressOf({ q, state, page }) {
	const query = new URLSearchParams();

	if (q)
		query.set('q', q);
	if (state)
		query.set('state', state);
	if (page > 1)
		query.set('page', page);
	return query.size ? `#/devices?${query}` : '#/devices';
}

function filterOf(query) {
	const state = query.get('state') ?? '';

	return { q: query.get('q') ?? '', state: Object.hasOwn(deviceStates, state) ? state : '',
		page: Math.max(1, Number.parseInt(query.get('page'), 10) || 1) };
}

function filterForm(filter, change) {
	let typing = 0;
	const search = h('input', { type: 'search', id: 'q', placeholder: 'Search by id or board', value: filter.q,
		'aria-label': 'Search devices by id or board', spellcheck: 'false', autocomplete: 'off', maxlength: '64' });
	const state = h('select', { id: 'state', 'aria-label': 'Filter by state' },
		h('option', { value: '' }, 'All states'),
		Object.entries(deviceStates).map(([value, { label }]) =>
			h('option', { value, selected: value === filter.state }, label)));

	search.addEventListener('input', () => {
		clearTimeout(typing);
		typing = setTimeout(() => change({ q: search.value.trim(), page: 1 }), TYPING);
	});
	state.addEventListener('change', () => change({ state: state.value, page: 1 }));
	return h('form', { class: 'filter', role: 'search', onsubmit: (event) => event.preventDefault() },
		h('span', { class: 'search' }, icon('search'), search), state);
}

export default function devices({ query, app }) {
	const filter = filterOf(query);
	let items = [], total = 0, loaded = false;
	const body = h('tbody', { role: 'rowgroup' });
	const list = table(body);
	const blank = empty('devices', 'No device yet', 'Start one with ', h('code', {}, 'mp run'),
		': it enrolls by itself and appears here.');
	const nothing = empty('search', 'No device matches', 'Try another search, or ',
		h('a', { href: '#/devices' }, 'show all devices'), '.');
	const pages = pager((step) => change({ page: filter.page + step }));
	const form = filterForm(filter, change);

	function change(what) {
		Object.assign(filter, what);
		history.replaceState(null, '', addressOf(filter));
		app.load();
	}

	function show() {
		const isFiltered = filter.q || filter.state;

		keyed(body, items, ({ id }) => id, makeRow, fillRow);
		list.hidden = loaded && items.length === 0;
		blank.hidden = !loaded || items.length > 0 || Boolean(isFiltered);
		nothing.hidden = !loaded || items.length > 0 || !isFiltered;
		fillPager(pages, { offset: (filter.page - 1) * PAGE, shown: items.length, total, size: PAGE,
			what: 'device' });
	}

	async function load() {
		const { q, state, page } = filter;
		const answer = await api.get('devices', { q, state, offset: (page - 1) * PAGE, limit: PAGE });

		if (answer.items.length === 0 && page > 1 && answer.total <= (page - 1) * PAGE) {
			change({ page: Math.max(1, Math.ceil(answer.total / PAGE)) });
			return;
		}
		({ items, total } = answer);
		loaded = true;
		show();
	}

	show();
	return {
		title: 'Devices',
		node: h('div', {}, h('div', { class: 'head' }, h('h1', {}, 'Devices'), form), list, blank, nothing, pages),
		load,
		event(type, data) {
			const at = type === 'device' ? items.findIndex(({ id }) => id === data.id) : -1;

			if (at >= 0 && !data.removed && (!filter.state || data.state === filter.state)) {
				items[at] = data;
				fillRow(body.children[at], data);
			} else if (type === 'device') {
				app.refresh();
			}
		},
	};
}
