// SPDX-License-Identifier: Apache-2.0
// api.js - the REST API (docs/api/openapi.yaml) with the token of this browser tab
//
//     const devices = await api.get('devices', { state: 'failed', limit: 50 });
//
// The token lives in sessionStorage: it goes with the tab and is never sent anywhere else.

const KEY = 'microplatform.token';

export class ApiError extends Error {
	constructor(status, message) { // status 0: no answer at all
		super(message);
		this.status = status;
	}
}

export function token() {
	return sessionStorage.getItem(KEY);
}

export function setToken(value) {
	if (value)
		sessionStorage.setItem(KEY, value);
	else
		sessionStorage.removeItem(KEY);
}

// What can be sent in a header at all.
export function tokenIsPossible(value) {
	return /^[\x21-\x7e]+$/.test(value);
}

export function headers(more) {
	return { Authorization: `Bearer ${token()}`, ...more };
}

async function sentence(response) {
	try {
		const body = await response.json();

		if (typeof body.error === 'string')
			return body.error;
	} catch {
		// not JSON: a proxy's page, say
	}
	return `The server answered ${response.status} ${response.statusText}.`;
}

async function call(method, path, { query, body } = {}) {
	const url = new URL(`/api/v1/${path}`, location.origin);
	let response;

	for (const [name, value] of Object.entries(query ?? {}))
		if (value !== '' && value !== undefined && value !== null)
			url.searchParams.set(name, value);
	try {
		response = await fetch(url, { method, cache: 'no-store', body: body && JSON.stringify(body),
			headers: headers(body && { 'Content-Type': 'application/json' }) });
		if (response.ok)
			return response.status === 204 ? null : await response.json();
	} catch (error) {
		if (error instanceof SyntaxError)
			throw new ApiError(response.status, 'The server answered with something else than JSON.');
		throw new ApiError(0, 'The server cannot be reached.'); // not at all, or not to the end
	}
	throw new ApiError(response.status, await sentence(response));
}

export function get(path, query) {
	return call('GET', path, { query });
}

export function post(path) {
	return call('POST', path);
}

export function send(method, path, body) {
	return call(method, path, { body });
}

export function part(text) {
	return encodeURIComponent(text);
}
