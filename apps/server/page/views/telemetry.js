// SPDX-License-Identifier: Apache-2.0
// telemetry.js - values that a device reported, over time

import * as api from '../api.js';
import { h, keyed, setHidden, setText } from '../dom.js';
import { panel } from '../parts.js';
import { chart, fillChart } from '../chart.js';

const POINTS = 240; // of a chart, about
const ranges = { 600: '10 minutes', 3600: 'An hour', 86400: 'A day', 604800: 'A week', 2592000: '30 days' };

function nameOf({ object, name, path }) {
	return name ? `${object} ${path.split('/')[2]} · ${name}` : path;
}

export default function telemetry({ path, unitsOf }) {
	const picture = chart();
	const which = h('select', { 'aria-label': 'Value', onchange: () => draw() });
	const range = h('select', { 'aria-label': 'Time', onchange: () => draw() },
		Object.entries(ranges).map(([seconds, label]) => h('option', { value: seconds, selected: seconds === '600' }, label)));
	const choice = h('div', { class: 'filter' }, which, range);
	const nothing = h('p', { class: 'note' }, 'No value yet. Observe a resource: what the device reports is kept and shown here.');
	let series = [];

	async function draw() {
		const seconds = Number(range.value);
		const one = series.find((s) => s.path === which.value);

		if (!one)
			return;
		const answer = await api.get(`${path}/telemetry`, { path: one.path, from: -seconds, step: seconds / POINTS });

		fillChart(picture, { ...answer, units: one.units ?? unitsOf(one.path), label: nameOf(one) });
	}

	return {
		node: panel('Values over time', choice, picture, nothing),
		draw,
		async load() {
			const { items } = await api.get(`${path}/telemetry`);

			series = items.filter(({ value }) => typeof value === 'number');
			keyed(which, series, (s) => s.path, (s) => h('option', { value: s.path }, ''),
				(option, s) => setText(option, nameOf(s)));
			for (const part of [choice, picture])
				setHidden(part, series.length === 0);
			setHidden(nothing, series.length > 0);
			await draw();
		},
	};
}
