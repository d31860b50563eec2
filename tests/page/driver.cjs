// SPDX-License-Identifier: Apache-2.0
// driver.cjs - Chromium for pytest: one JSON command a line in, one JSON answer a line out
//
//     {"on": "page", "call": "goto", "args": ["https://..."]}      page.goto(...)
//     {"on": "#token", "call": "fill", "args": ["secret"]}         page.locator("#token").fill(...)
//     {"on": "open", "args": [{"viewport": ...}]}                   a fresh context and page
//
// Answers are {"result": ...} or {"error": "..."}; "console" carries errors that the page logged since.
'use strict';

const readline = require('node:readline');
const { chromium } = require('playwright-core');

const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
	'--disable-background-networking', '--disable-component-update', '--disable-sync'];
let browser, context, page, complaints = [];

async function open(options) {
	await context?.close();
	context = await browser.newContext({ ignoreHTTPSErrors: true, reducedMotion: 'reduce', ...options });
	context.setDefaultTimeout(10000);
	page = await context.newPage();
	complaints = [];
	page.on('console', (message) => {
		if (message.type() === 'error')
			complaints.push(message.text());
	});
	page.on('pageerror', (error) => complaints.push(String(error)));
	page.on('dialog', (dialog) => {
		complaints.push(`dialog: ${dialog.message()}`);
		dialog.dismiss();
	});
}

async function run({ on, call, args = [] }) {
	if (on === 'open')
		return open(...args);
	if (on === 'console')
		return complaints.splice(0);
	const target = { page, context, keyboard: page.keyboard }[on] ?? page.locator(on);
	const result = await target[call](...args);

	return result === undefined || typeof result?.url === 'function' || typeof result?.dispose === 'function' ?
		null : result;
}

async function main() {
	browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
		headless: true, args: flags });
	for await (const line of readline.createInterface({ input: process.stdin })) {
		let answer;

		try {
			answer = { result: await run(JSON.parse(line)) };
		} catch (error) {
			answer = { error: error.message };
		}
		process.stdout.write(`${JSON.stringify(answer)}\n`);
	}
	await browser.close();
}

main();
