// SPDX-License-Identifier: Apache-2.0
// chart.js - one series as a line, with a band from the least to the most of each step
//
//     const picture = chart();
//     fillChart(picture, { label: 'Temperature', units: 'Cel', from, to, points });   // as the API has them
//
// The drawing is stretched to its place; words lie over it as text, so that they keep their size.

import { h, setAttribute, setText } from './dom.js';
import { when } from './format.js';

const SVG = 'http://www.w3.org/2000/svg';
const WIDTH = 1000, HEIGHT = 300; // units of the drawing

function shape(name) {
	const path = document.createElementNS(SVG, 'path');

	path.setAttribute('class', name);
	path.setAttribute('vector-effect', 'non-scaling-stroke');
	return path;
}

export function chart() {
	const svg = document.createElementNS(SVG, 'svg');
	const node = h('figure', { class: 'chart' }, h('div', { class: 'chart-most' }), h('div', { class: 'chart-least' }),
		h('div', { class: 'chart-field' }), h('div', { class: 'chart-from' }), h('div', { class: 'chart-to' }), h('figcaption'));

	svg.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
	svg.setAttribute('preserveAspectRatio', 'none');
	svg.setAttribute('role', 'img');
	svg.append(shape('chart-band'), shape('chart-line'), shape('chart-at'));
	node.children[2].append(svg);
	svg.addEventListener('pointermove', (event) => point(node, event));
	svg.addEventListener('pointerleave', () => say(node, node.points.at(-1)));
	return node;
}

function text(value, units) {
	const short = Number(value.toPrecision(5));

	return units ? `${short} ${units}` : String(short);
}

const hours = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const days = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });

function say(node, one) {
	setText(node.lastChild, one ? `${text(one.avg, node.units)} · ${when(one.time)}` : '');
	setAttribute(node.querySelector('.chart-at'), 'd', one ? `M${one.x},0V${HEIGHT}` : '');
}

// What lies nearest to the pointer is told below.
function point(node, event) {
	const box = event.currentTarget.getBoundingClientRect();
	const x = (event.clientX - box.left) / box.width * WIDTH;

	if (node.points.length > 0)
		say(node, node.points.reduce((best, one) => Math.abs(one.x - x) < Math.abs(best.x - x) ? one : best));
}

// Values as places in the drawing; a single one is a step of its own.
function places({ from, to, points }) {
	const all = points.filter((p) => typeof (p.avg ?? p.value) === 'number').map((p) => ({ time: p.time,
		avg: p.avg ?? p.value, min: p.min ?? p.value, max: p.max ?? p.value, x: (p.time - from) / (to - from) * WIDTH }));
	const least = Math.min(...all.map(({ min }) => min)), most = Math.max(...all.map(({ max }) => max));
	const room = (most - least) * 0.08 || Math.abs(most) * 0.01 || 1;
	const y = (value) => (most + room - value) / (most - least + 2 * room) * HEIGHT;

	return { all, least, most, y };
}

function line(all, at) {
	return all.map((one) => `${one.x.toFixed(1)},${at(one).toFixed(1)}`).join('L');
}

export function fillChart(node, series) {
	const { all, least, most, y } = places(series);
	const [band, curve] = node.querySelectorAll('path');
	const axis = series.to - series.from > 100000 ? days : hours;

	node.points = all;
	node.units = series.units;
	setAttribute(curve, 'd', all.length ? `M${line(all, (one) => y(one.avg))}h0.01` : '');
	setAttribute(band, 'd', all.length ?
		`M${line(all, (one) => y(one.max))}L${line(all.toReversed(), (one) => y(one.min))}Z` : '');
	setText(node.children[0], all.length ? text(most, series.units) : '');
	setText(node.children[1], all.length ? text(least, series.units) : 'No value in this time.');
	setText(node.children[3], axis.format(new Date(series.from * 1000)));
	setText(node.children[4], axis.format(new Date(series.to * 1000)));
	setAttribute(node.querySelector('svg'), 'aria-label', all.length ?
		`${series.label}: ${text(least, series.units)} to ${text(most, series.units)}` : `${series.label}: no value in this time`);
	say(node, all.at(-1));
}
