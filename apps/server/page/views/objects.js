// SPDX-License-Identifier: Apache-2.0
// objects.js - the tree of what an LwM2M device has: objects, instances, resources with names and
// units; read, write, execute and observe
//
// A device is asked when somebody opens an instance: what resources there are (Discover), and their
// values (Read).

import * as api from '../api.js';
import { h, keyed, setHidden, setText } from '../dom.js';
import { foreign, panel } from '../parts.js';
import { toast } from '../notices.js';
import { when } from '../format.js';

// A value with its unit, as one reads it.
export function valueText({ type, value, units }) {
	if (value === null || value === undefined)
		return '–';
	if (type === 'time')
		return when(value);
	if (type === 'float' && Number.isFinite(value))
		value = Number(value.toPrecision(7));
	return units ? `${value} ${units}` : String(value);
}

const verbs = {
	read: { label: 'Read', needs: 'R', method: 'GET' },
	write: { label: 'Write', needs: 'W', method: 'PUT' },
	execute: { label: 'Execute', needs: 'E', method: 'POST' },
	observe: { label: 'Observe', needs: 'R', method: 'POST', word: '/observe' },
	cancel: { label: 'Stop observing', needs: 'R', method: 'DELETE', word: '/observe' },
};

// Ask for a new value; null: rather not.
function askValue(title, now) {
	return new Promise((answer) => {
		const input = h('input', { name: 'value', value: now, 'aria-labelledby': 'ask-title', autocomplete: 'off', spellcheck: 'false' });
		const dialog = h('dialog', { 'aria-labelledby': 'ask-title' },
			h('form', { method: 'dialog' }, h('h2', { id: 'ask-title' }, title), h('p', {}, input),
				h('div', { class: 'buttons' }, h('button', { type: 'button', onclick: () => dialog.close('') }, 'Cancel'),
					h('button', { value: 'yes', class: 'primary' }, 'Write'))));

		dialog.addEventListener('close', () => {
			dialog.remove();
			answer(dialog.returnValue === 'yes' ? input.value : null);
		});
		document.body.append(dialog);
		dialog.showModal();
	});
}

// One resource, with what may be done with it.
function makeResource(tree, link) {
	const buttons = Object.entries(verbs).filter(([, verb]) => link.operations?.includes(verb.needs))
		.map(([name, verb]) => h('button', { type: 'button', class: 'small', 'data-verb': name,
			'aria-label': `${verb.label} ${link.name ?? link.path}`,
			onclick: () => tree.act(link, name) }, verb.label));

	return h('li', { class: 'resource', 'data-path': link.path },
		h('div', { class: 'resource-name' }, foreign('span', link.name ?? 'Unknown resource'),
			h('span', { class: 'sub' }, link.path)),
		foreign('span', '', { class: 'resource-value' }),
		h('div', { class: 'buttons' }, buttons));
}

function fillResource(node, link, tree) {
	const isWatched = tree.isObserved(link.path);

	setText(node.querySelector('.resource-value'), tree.said(link));
	for (const button of node.querySelectorAll('[data-verb=observe], [data-verb=cancel]'))
		setHidden(button, (button.dataset.verb === 'cancel') !== isWatched);
}

export default function objects({ path, app, opened }) {
	const list = h('ul', { class: 'plain' });
	const known = new Map(); // values by path
	const links = new Map(); // resources by the path of their instance
	let observed = new Set();
	// Sensors tell their unit in a resource of its own (5701, of IPSO).
	const unitsOf = (at) => /\/(560[1-4]|5700)$/.test(at) ? known.get(at.replace(/\d+$/, '5701'))?.value : undefined;

	const tree = {
		node: panel('Objects', list),
		isObserved: (at) => observed.has(at),
		said: (link) => [...known.values()].filter((v) => v.path === link.path || v.path.startsWith(`${link.path}/`))
			.map((v) => valueText({ ...v, units: v.units ?? unitsOf(v.path) })).join(', '),
		unitsOf,
		values(all) {
			for (const value of all)
				known.set(value.path, value);
			refill();
		},
		fill(registration) {
			const instances = registration.objects.filter(({ id }) => id !== 0).flatMap((object) =>
				object.instances.map((instance) => ({ ...object, path: `/${object.id}/${instance}` })));

			observed = new Set(registration.observations.flatMap(({ paths }) => paths));
			keyed(list, instances, (one) => one.path, makeInstance, () => {});
			refill();
		},
		act,
	};

	function makeInstance(one) {
		const title = [foreign('span', one.name ?? `Object ${one.id}`), ' ', h('span', { class: 'sub' }, one.path)];

		if (!app.may('operator'))
			return h('li', { class: 'instance' }, title);
		const details = h('details', {}, h('summary', {}, title), h('p', { class: 'note' }, 'Asking the device…'),
			h('ul', { class: 'plain' }));

		details.addEventListener('toggle', () => {
			if (details.open && !links.has(one.path))
				open(one.path, details);
		});
		return h('li', { class: 'instance' }, details);
	}

	async function open(at, details) {
		const [, note, rows] = details.children;

		try {
			const found = await api.get(`${path}/lwm2m${at}/discover`);

			if (found.request) {
				setText(note, `The device is asleep: request ${found.request} waits for it.`);
				return;
			}
			links.set(at, found.links.filter((link) => link.path.split('/').length === 4));
			keyed(rows, links.get(at), (link) => link.path, (link) => makeResource(tree, link), () => {});
			setHidden(note, true);
			tree.values((await api.get(`${path}/lwm2m${at}`)).values ?? []);
			await opened(); // it may have told the unit of a chart
		} catch (error) {
			setHidden(note, false);
			setText(note, error.message);
			details.open = links.has(at);
			toast(error.message, 'bad');
		}
	}

	function refill() {
		for (const [at, all] of links)
			for (const link of all) {
				const node = list.querySelector(`[data-key="${at}"] [data-path="${link.path}"]`);

				if (node)
					fillResource(node, link, tree);
			}
	}

	async function act(link, name) {
		const verb = verbs[name];
		const value = name === 'write' ? await askValue(`Write ${link.name ?? link.path}`, known.get(link.path)?.value ?? '') : null;

		if (name === 'write' && value === null)
			return;
		try {
			const answer = await api.send(verb.method, `${path}/lwm2m${link.path}${verb.word ?? ''}`,
				name === 'write' ? { value } : undefined);

			told(link, name, value, answer);
		} catch (error) {
			toast(error.message, 'bad');
		}
		await app.load();
	}

	function told(link, name, value, answer) {
		if (answer?.request)
			toast(`The device is asleep: request ${answer.request} waits for it.`);
		else if (name === 'write' || name === 'execute')
			toast(`${verbs[name].label}: ${link.name ?? link.path} – done.`, 'good');
		tree.values(answer?.values ?? []);
		if (name === 'write' && !answer?.request && link.operations.includes('R'))
			api.get(`${path}/lwm2m${link.path}`).then(({ values }) => tree.values(values ?? []), () => {});
	}

	return tree;
}
