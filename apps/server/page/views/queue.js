// SPDX-License-Identifier: Apache-2.0
// queue.js - requests that wait for a sleeping LwM2M device, and what became of the last ones

import * as api from '../api.js';
import { h, keyed, setHidden, setText } from '../dom.js';
import { badge, fillBadge, fillTime, foreign, panel, time } from '../parts.js';
import { toast } from '../notices.js';
import { valueText } from './objects.js';

const states = {
	waiting: { label: 'Waiting', tone: 'busy' },
	sent: { label: 'Sent', tone: 'busy' },
	done: { label: 'Done', tone: 'good' },
	failed: { label: 'Failed', tone: 'bad' },
};

function resultOf(request) {
	return request.error ?? (request.values?.map(valueText).join(', ') || request.code || request.outcome || '');
}

function makeRequest() {
	return h('li', { class: 'queued' }, h('div', { class: 'line' }, foreign('b', ''), badge(), h('span', { class: 'line-end' }, time())),
		foreign('p', ''));
}

function fillRequest(node, request) {
	const [line, result] = node.children;
	const isBad = request.state === 'done' && (request.error || request.outcome !== 'answered');

	setText(line.children[0], `${request.kind} ${request.path}`);
	fillBadge(line.children[1], states, isBad ? 'failed' : request.state);
	fillTime(line.children[2].firstChild, request.created);
	setText(result, resultOf(request));
}

export default function queue({ path, app }) {
	const list = h('ol', { class: 'plain' });
	const nothing = h('p', { class: 'note' }, 'Nothing waits: what a sleeping device is asked stays here until it wakes.');
	const clear = h('button', { type: 'button', class: 'small', onclick: async () => {
		try {
			const { removed } = await api.send('DELETE', `${path}/lwm2m/queue`);

			toast(`${removed} taken out of the queue.`, 'good');
		} catch (error) {
			toast(error.message, 'bad');
		}
		await app.load();
	} }, 'Clear the queue');

	return {
		node: panel('Queue', list, nothing, clear),
		async load() {
			const items = app.may('operator') ? (await api.get(`${path}/lwm2m/queue`)).items : [];

			keyed(list, items, ({ request }) => request, makeRequest, fillRequest);
			setHidden(nothing, items.length > 0);
			setHidden(clear, items.length === 0);
		},
	};
}
