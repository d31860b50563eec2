// SPDX-License-Identifier: Apache-2.0
// releases.js - what has been published, the newest first

import * as api from '../api.js';
import { h, keyed, setHidden } from '../dom.js';
import { bytes } from '../format.js';
import { empty, fillPager, fillTime, foreign, pager, time } from '../parts.js';

const PAGE = 20;

function row(label, ...values) {
	return h('div', { class: 'fact' }, h('dt', {}, label), h('dd', {}, values));
}

function chips(names) {
	return names.length ? names.map((name) => foreign('span', name, { class: 'chip' })) : '–';
}

function makeCard(release) {
	return h('li', { class: 'panel release' },
		h('h2', {}, foreign('span', release.version), h('span', { class: 'chip newest' }, 'Newest')),
		foreign('p', release.notes || 'No notes.', { class: 'notes' }),
		h('dl', { class: 'facts' }, row('Published', time()), row('Boards', chips(release.boards)),
			row('Services', chips(release.services)), row('Size', bytes(release.size)),
			row('Updates from', release.minimum_version ? `${release.minimum_version} on` : 'any release')));
}

export default function releases({ app }) {
	let page = 1;
	const list = h('ol', { class: 'plain stacked' });
	const blank = empty('releases', 'No release yet', 'Make one with ', h('code', {}, 'mp build'),
		' and publish it with ', h('code', {}, 'mp publish'), '.');
	const pages = pager((step) => {
		page += step;
		app.load();
	});

	blank.hidden = true;
	fillPager(pages, { offset: 0, shown: 0, total: 0, size: PAGE, what: 'release' });
	return {
		title: 'Releases',
		node: h('div', {}, h('div', { class: 'head' }, h('h1', {}, 'Releases')), list, blank, pages),
		async load() {
			const { items, total } = await api.get('releases', { offset: (page - 1) * PAGE, limit: PAGE });

			keyed(list, items, ({ version }) => version, makeCard, (node, release) => {
				fillTime(node.querySelector('time'), release.published);
				setHidden(node.querySelector('.newest'), page > 1 || release !== items[0]);
			});
			list.hidden = items.length === 0;
			blank.hidden = items.length > 0;
			fillPager(pages, { offset: (page - 1) * PAGE, shown: items.length, total, size: PAGE, what: 'release' });
		},
		event(type) {
			if (type === 'release')
				app.refresh();
		},
	};
}
