// SPDX-License-Identifier: Apache-2.0
// lwm2m.js - a device that is registered over LwM2M: its registration, what it has, its values over
// time, and the requests that wait for it. Part of the view of a device (device.js).

import * as api from '../api.js';
import { h, seldom, setHidden, setText } from '../dom.js';
import { span } from '../format.js';
import { Live } from '../live.js';
import { badge, fact, fillBadge, fillTime, lwm2mStates, panel, time } from '../parts.js';
import objects from './objects.js';
import queue from './queue.js';
import telemetry from './telemetry.js';

const KINDS = 'registration,notification,send,request';

function registration() {
	const facts = Object.fromEntries(['State', 'Version', 'Security', 'Address', 'Lifetime', 'Updated']
		.map((label) => [label, fact(label)]));
	const set = (label, text) => setText(facts[label].lastChild.firstChild, text);

	facts.State.lastChild.replaceChildren(badge());
	facts.Updated.lastChild.replaceChildren(time());
	return {
		node: panel('LwM2M registration', h('dl', { class: 'facts' }, Object.values(facts))),
		fill(r) {
			fillBadge(facts.State.lastChild.firstChild, lwm2mStates, r.sleeping ? 'asleep' : 'awake');
			set('Version', `${r.version}${r.queue_mode ? ', queue mode' : ''}`);
			set('Security', r.secure ? 'DTLS' : 'none');
			set('Address', r.address);
			set('Lifetime', span(r.lifetime));
			fillTime(facts.Updated.lastChild.firstChild, r.updated);
		},
	};
}

export default function lwm2m({ id, app }) {
	const path = `devices/${api.part(id)}`;
	const facts = registration(), waiting = queue({ path, app });
	const tree = objects({ path, app, opened: () => series.draw() });
	const series = telemetry({ path, unitsOf: tree.unitsOf });
	const read = seldom(() => load().catch(() => {}), 1000);
	const node = h('div', { class: 'stacked', hidden: true }, facts.node,
		h('div', { class: 'columns' }, tree.node, h('div', { class: 'stacked' }, series.node, waiting.node)));
	const live = new Live({ state() {}, event: take, reset: () => read(), refused() {} },
		`/api/v1/events?device=${api.part(id)}&kinds=${KINDS}`);
	let started = false;

	function take(type, data) {
		if (type === 'notification' || type === 'send')
			tree.values(data.values ?? []);
		read();
	}

	async function load() {
		const r = await api.get(`${path}/lwm2m`);

		facts.fill(r);
		tree.fill(r);
		await Promise.all([series.load(), waiting.load()]);
	}

	return {
		node,
		async show(device) { // `device` as the API has it: does it speak LwM2M now?
			setHidden(node, !device.lwm2m);
			if (!device.lwm2m)
				return;
			await load();
			if (!started) {
				started = true;
				live.start();
			}
		},
		leave() {
			read.cancel();
			if (started)
				live.stop();
		},
	};
}
