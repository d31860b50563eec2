// SPDX-License-Identifier: Apache-2.0
// login.js - asks for an API token and tries it

import * as api from '../api.js';
import { h, icon, setText } from '../dom.js';

const NOT_VALID = 'This token is not valid. Copy it whole, without blanks.';

function said(error) {
	if (error.status === 401)
		return NOT_VALID;
	return error.message;
}

export function login({ why, enter }) {
	const message = h('p', { class: 'login-message', id: 'login-message', role: 'alert' }, why ?? '');
	const input = h('input', {
		type: 'password', id: 'token', name: 'token', autocomplete: 'current-password', spellcheck: 'false',
		autocapitalize: 'off', required: true, 'aria-describedby': 'login-message login-hint',
	});
	const button = h('button', { class: 'primary' }, 'Sign in');

	const submit = async (event) => {
		const value = input.value.trim();

		event.preventDefault();
		if (!api.tokenIsPossible(value)) {
			setText(message, NOT_VALID);
			return;
		}
		button.disabled = true;
		setText(message, '');
		api.setToken(value);
		try {
			await enter();
		} catch (error) {
			api.setToken(null);
			setText(message, said(error));
			input.setAttribute('aria-invalid', 'true');
			button.disabled = false;
			input.select();
		}
	};

	return h('main', { class: 'login' },
		h('form', { class: 'login-card', onsubmit: submit },
			h('div', { class: 'login-brand' }, icon('logo')),
			h('h1', {}, 'microPlatform'),
			h('p', { class: 'login-lead' }, 'Sign in with an API token to see your fleet.'),
			h('label', { for: 'token' }, 'API token'), input, message, button,
			h('p', { class: 'login-hint', id: 'login-hint' }, 'The server wrote the first one to ',
				h('code', {}, 'server/admin.token'), ' in the product folder. More: ',
				h('code', {}, 'mp token add NAME'), '. It stays in this browser tab.')));
}
