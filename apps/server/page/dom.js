// SPDX-License-Identifier: Apache-2.0
// dom.js - making and changing elements. Text only ever becomes text nodes, so that nothing that a
// device says can turn into markup.
//
//     h('p', { class: 'note' }, 'Device ', h('b', {}, device.id))
//     keyed(list, devices, (d) => d.id, makeRow, fillRow)

const SVG = 'http://www.w3.org/2000/svg';

export function h(tag, props, ...children) {
	const node = document.createElement(tag);

	for (const [name, value] of Object.entries(props ?? {}))
		if (name.startsWith('on'))
			node.addEventListener(name.slice(2), value);
		else if (value !== undefined && value !== null && value !== false)
			node.setAttribute(name, value === true ? '' : value);
	node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
	return node;
}

// A picture of icons.svg; it says nothing to those who can't see it.
export function icon(name) {
	const svg = document.createElementNS(SVG, 'svg');
	const use = document.createElementNS(SVG, 'use');

	svg.setAttribute('class', 'icon');
	svg.setAttribute('aria-hidden', 'true');
	use.setAttribute('href', `/icons.svg#${name}`);
	svg.append(use);
	return svg;
}

// These three touch the page only when something differs, so that nothing flickers.
export function setText(node, text) {
	if (node.textContent !== text)
		node.textContent = text;
}

export function setAttribute(node, name, value) {
	if (node.getAttribute(name) !== value)
		node.setAttribute(name, value);
}

export function setHidden(node, hidden) {
	if (node.hidden !== hidden)
		node.hidden = hidden;
}

// Make the children of `parent` stand for `items`, in their order; elements that stay are kept,
// with focus and all.
export function keyed(parent, items, keyOf, create, update) {
	const wanted = new Set(items.map((item) => String(keyOf(item))));
	const nodes = new Map();

	for (const node of [...parent.children])
		if (wanted.has(node.dataset.key))
			nodes.set(node.dataset.key, node);
		else
			node.remove();
	let at = parent.firstElementChild;
	for (const item of items) {
		const key = String(keyOf(item));
		let node = nodes.get(key);

		if (!node) {
			node = create(item);
			node.dataset.key = key;
			nodes.set(key, node);
		}
		update(node, item);
		if (node === at)
			at = at.nextElementSibling;
		else
			parent.insertBefore(node, at);
	}
}

// Call `fn` now and then, however often the result is called: at most once in `ms`.
export function seldom(fn, ms) {
	let timer = 0, last = 0;

	const run = () => {
		timer = 0;
		last = Date.now();
		fn();
	};
	const call = () => {
		if (!timer)
			timer = setTimeout(run, Math.max(0, last + ms - Date.now()));
	};
	call.cancel = () => {
		clearTimeout(timer);
		timer = 0;
	};
	return call;
}
