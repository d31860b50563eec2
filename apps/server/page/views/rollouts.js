// SPDX-License-Identifier: Apache-2.0
// rollouts.js - every rollout with its progress, and what may be done with it

import * as api from '../api.js';
import { h, keyed, setAttribute, setHidden, setText } from '../dom.js';
import { count, serverNow, span } from '../format.js';
import {
	badge, empty, fillBadge, fillPager, fillStackedBar, fillTime, foreign, goalOf, pager, rolloutParts,
	rolloutStates, stackedBar, time,
} from '../parts.js';

const PAGE = 20;

const actions = [
	{ verb: 'pause', label: 'Pause', states: ['running'], done: 'is paused' },
	{ verb: 'resume', label: 'Resume', states: ['paused'], done: 'goes on' },
	{ verb: 'abort', label: 'Abort', states: ['running', 'paused'], done: 'is aborted', danger: true,
		ask: 'Devices that have not begun keep the release that they run; those in the middle of the update are told to give it up.' },
];

// A question before something that can't be undone. True: go on.
function ask(title, text, yes) {
	return new Promise((answer) => {
		const dialog = h('dialog', { 'aria-labelledby': 'ask-title' },
			h('form', { method: 'dialog' }, h('h2', { id: 'ask-title' }, title), h('p', {}, text),
				h('div', { class: 'buttons' }, h('button', { value: '' }, 'Keep it'),
					h('button', { value: 'yes', class: 'danger' }, yes))));

		dialog.addEventListener('close', () => {
			dialog.remove();
			answer(dialog.returnValue === 'yes');
		});
		document.body.append(dialog);
		dialog.showModal();
	});
}

async function act(app, rollout, action) {
	const name = `Rollout ${rollout.id} of ${rollout.release}`;

	if (!action.ask || await ask(`Abort ${name.toLowerCase()}?`, action.ask, 'Abort it'))
		await app.act(`rollouts/${rollout.id}/${action.verb}`, `${name} ${action.done}.`);
}

function kindOf(rollout) {
	return [rollout.all ? 'all devices' : 'named devices', rollout.download_only && 'download only',
		rollout.confirm && 'to be confirmed'].filter(Boolean).join(' · ');
}

function makeCard(app, rollout) {
	const buttons = h('div', { class: 'buttons' });

	if (app.may('operator'))
		buttons.append(...actions.map((action) => h('button', {
			type: 'button', 'data-verb': action.verb, class: action.danger ? 'danger' : null,
			'aria-label': `${action.label} rollout ${rollout.id}`, onclick: () => act(app, rollout, action),
		}, action.label)));
	return h('li', { class: 'panel rollout' },
		h('div', { class: 'rollout-head' },
			h('div', {}, h('h2', {}, foreign('span', rollout.release), badge()),
				h('p', { class: 'note' }, `Rollout ${rollout.id} · ${kindOf(rollout)} · started `,
					time(), h('span'))),
			buttons),
		stackedBar('Devices of the rollout'),
		h('div', { class: 'rollout-foot' }, h('p'), foreign('p', '', { class: 'rollout-reason' })));
}

function lasted(rollout) {
	if (rollout.ended)
		return ` · took ${span(rollout.ended - rollout.started)}`;
	return rollout.state === 'running' ? ` · for ${span(serverNow() - rollout.started)}` : '';
}

function fillCard(node, rollout) {
	const [head, bar, foot] = node.children;
	const [thresholds, reason] = foot.children;
	const [title, note] = head.firstChild.children;

	setAttribute(node, 'data-state', rollout.state);
	fillBadge(title.lastChild, rolloutStates, rollout.state);
	fillTime(note.querySelector('time'), rollout.started);
	setText(note.lastChild, lasted(rollout));
	for (const button of head.lastChild.children)
		setHidden(button, !actions.find(({ verb }) => verb === button.dataset.verb).states.includes(rollout.state));
	fillStackedBar(bar, `Rollout ${rollout.id}, ${count(rollout.devices, 'device')}`, rolloutParts(rollout));
	setText(thresholds, `Finished when ${rollout.success_threshold} % are ${goalOf(rollout)} · stopped when ` +
		`${rollout.error_threshold} % have failed`);
	setText(reason, rollout.reason);
}

export default function rollouts({ app }) {
	let items = [], total = 0, loaded = false, page = 1;
	const list = h('ol', { class: 'plain stacked' });
	const blank = empty('rollouts', 'No rollout yet', 'Publish a release, then bring it to devices with ',
		h('code', {}, 'mp rollout start VERSION'), '.');
	const pages = pager((step) => {
		page += step;
		app.load();
	});

	function show() {
		keyed(list, items, ({ id }) => id, (rollout) => makeCard(app, rollout), fillCard);
		list.hidden = loaded && items.length === 0;
		blank.hidden = !loaded || items.length > 0;
		fillPager(pages, { offset: (page - 1) * PAGE, shown: items.length, total, size: PAGE, what: 'rollout' });
	}

	show();
	return {
		title: 'Rollouts',
		node: h('div', {}, h('div', { class: 'head' }, h('h1', {}, 'Rollouts')), list, blank, pages),
		async load() {
			({ items, total } = await api.get('rollouts', { offset: (page - 1) * PAGE, limit: PAGE }));
			loaded = true;
			show();
		},
		event(type, data) {
			const at = type === 'rollout' ? items.findIndex(({ id }) => id === data.id) : -1;

			if (at >= 0) {
				items[at] = data;
				fillCard(list.children[at], data);
			} else if (type === 'rollout') {
				app.refresh();
			}
		},
	};
}
