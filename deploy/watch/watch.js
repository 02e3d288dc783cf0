// Polls the testbed's state and shows it. Whatever it shows is put in as text: the values are other people's.

const path = ['validation', 'sf_status_update', 'order_details', 'mapping', 'whmcs_create', 'whmcs_accept',
  'whmcs_setup', 'sf_success_update'];
const marks = { done: '✓', later: '…', failed: '✗', none: '·' };
const mostLines = 300;

const element = (id) => document.getElementById(id);
const part = (node, name) => node.querySelector(`[data-part="${name}"]`);
const seconds = (milliseconds) => `${Math.max(0, Math.round(milliseconds / 1000))} s`;
const count = (number, noun, nouns = `${noun}s`) => `${number ?? '?'} ${number === 1 ? noun : nouns}`;

// The state of the page

let nextLine = 0;
let timer;
let isPolling = false;
let pollsAgain = false;
/** For a while after a button somebody waits for what happens. */
let hurriesUntil = 0;
let isFirst = true;
/** Order id → what its runs have logged: {attempt, run, steps: step → {outcome, milliseconds}, end}. */
const runs = new Map();
/** Order id or breaker → what was last said of it. */
const said = new Map();
/** Faults whose switch the testbed has not confirmed yet. */
const pending = new Set();

// The page's parts

function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** A copy of a template, made once for each key; copies without an item go away. */
function copies(parent, template, items, key, prepare) {
  const known = new Map([...parent.children].map((node) => [node.dataset.key, node]));
  const nodes = items.map((item) => {
    const node = known.get(key(item)) ?? element(template).content.firstElementChild.cloneNode(true);
    if (!known.has(key(item))) {
      node.dataset.key = key(item);
      prepare(node, item);
    }
    known.delete(key(item));
    return node;
  });
  known.forEach((node) => node.remove());
  nodes.forEach((node, index) => {
    if (parent.children[index] !== node) parent.insertBefore(node, parent.children[index] ?? null);
  });
  return nodes;
}

/** Replaces the children, but only when they show something else: a reader may be in the middle of them. */
function setChildren(parent, rows, make) {
  const shown = JSON.stringify(rows);
  if (parent.dataset.shown === shown) return;
  parent.dataset.shown = shown;
  parent.replaceChildren(...rows.flatMap(make));
}

function textElement(tag, text, attributes = {}) {
  const node = document.createElement(tag);
  node.textContent = text;
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

/** What a screen reader says after a button's text. */
function addHidden(button, text) {
  button.append(textElement('span', ` ${text}`, { class: 'visually-hidden' }));
}

// The log

function readLine({ source, text }) {
  let entry;
  try { entry = JSON.parse(text); } catch { entry = null; }
  if (source === 'provision-order') readRun(entry, text);
  const row = textElement('p', '');
  row.append(textElement('span', source, { class: 'source' }), ` ${readable(entry, text)}`);
  return row;
}

function readRun(entry, text) {
  if (entry?.message === 'step') {
    const known = runs.get(entry.orderId) ?? { steps: {} };
    known.run = entry.requestId;
    known.steps[entry.step] = { outcome: entry.outcome, milliseconds: entry.milliseconds };
    known.end = undefined;
    runs.set(entry.orderId, known);
  }
  const [, run, error] = text.match(/^RequestId: (\S+) Error: (.*)$/) ?? [];
  for (const known of runs.values()) if (run && known.run === run) known.end = error;
}

function readable(entry, text) {
  if (entry === null || typeof entry !== 'object') return text;
  const { timestamp, level, message, requestId, correlationId, _aws, ...fields } = entry;
  const rest = Object.entries(fields).map(([name, value]) =>
    `${name}=${typeof value === 'object' ? JSON.stringify(value) : value}`);
  return [timestamp?.slice(11, 23), level === 'INFO' ? '' : level, message, ...rest].filter(Boolean).join(' ');
}

function showLines(state) {
  const log = element('log');
  // The testbed has been started again.
  if (state.nextLine < nextLine) {
    log.replaceChildren();
    runs.clear();
  }
  const isAtEnd = log.scrollTop + log.clientHeight >= log.scrollHeight - 40;
  log.append(...state.lines.map(readLine));
  while (log.children.length > mostLines) log.firstElementChild.remove();
  if (isAtEnd && state.lines.length) log.scrollTop = log.scrollHeight;
  nextLine = state.nextLine;
}

// The path

function stationsOf(state) {
  const program = (name) => {
    const { processes = 0, atWork = 0 } = state.functions.find((one) => one.name === name) ?? {};
    return { name, figures: `${count(processes, 'process', 'processes')}, ${atWork} at work`,
      isAtWork: atWork > 0, isProgram: true };
  };
  const queue = state.queues.find((one) => one.hasOrders) ?? {};
  const letters = state.queues.filter((one) => one.hasDeadLetters && one.waiting + one.hidden > 0);
  const side = (name, records, more, breakers) => {
    const isBroken = state.breakers.some((one) => breakers.includes(one.name) && one.openedAt);
    return { name, isBroken, figures: `${count(records.calls, 'call')}, ${more}${isBroken ? '\nbreaker open' : ''}` };
  };
  return [
    [
      side('Salesforce', state.salesforce, count(state.salesforce.validTokens, 'valid token'), ['Salesforce']),
      program('verify-signature'),
      { name: 'Order bus', figures: `${count(state.bus.events, 'event')}` },
      { name: 'Order queue', figures: `${queue.waiting ?? '?'} waiting, ${queue.hidden ?? '?'} received`,
        isAtWork: queue.waiting + queue.hidden > 0 },
      program('provision-order'),
      side('WHMCS', state.whmcs, `${state.whmcs.moduleQueue.length} in the module queue`, ['WHMCS', 'AddOrder']),
    ],
    [
      program('recover-orders'), program('refresh-sf-token'), program('order-status'),
      { name: 'Dead letters', isBroken: letters.length > 0,
        figures: letters.map((one) => `${one.waiting + one.hidden} in ${one.name}`).join('\n') || 'none' },
    ],
  ];
}

function showStations(list, stations) {
  const nodes = copies(list, 'station', stations, (one) => one.name, (node, { name, isProgram }) => {
    setText(part(node, 'name'), name);
    const kill = part(node, 'kill');
    kill.hidden = !isProgram;
    addHidden(kill, name);
    kill.addEventListener('click', () => press({ action: 'kill', program: name }));
  });
  nodes.forEach((node, index) => {
    const { figures, isAtWork = false, isBroken = false } = stations[index];
    setText(part(node, 'figures'), figures);
    node.classList.toggle('at-work', isAtWork);
    node.classList.toggle('broken', isBroken);
  });
}

// The orders

function statusOf({ ledger }, now) {
  if (!ledger) return 'Not requested';
  const isWaiting = ledger.status === 'Activating' && ledger.errorCode && !(ledger.leaseUntil > now);
  return isWaiting ? 'Waiting' : ledger.status;
}

function waitOf({ id, ledger }, now) {
  if (!ledger?.dueAt) return '';
  const due = ledger.dueAt > now ? `due in ${seconds(ledger.dueAt - now)}` : 'due now';
  const end = runs.get(id)?.end;
  if (ledger.leaseUntil > now) {
    if (end) return `Its run ended: ${end}. Nobody else may work on it yet; ${due}.`;
    return `A run works on it, for ${seconds(ledger.leaseUntil - now)} at most.`;
  }
  if (ledger.endedAt) return `Its final status is written to Salesforce again, ${due}.`;
  const reason = ledger.errorCode ? `${ledger.errorCode}: ${ledger.errorMessage ?? ''} ` : '';
  return `${reason}Open; ${due}.`;
}

/** `Activating (3 times) → Provisioned` */
function grouped(values) {
  const groups = [];
  for (const value of values) {
    if (groups.at(-1)?.value === value) groups.at(-1).times += 1; else groups.push({ value, times: 1 });
  }
  return groups.map(({ value, times }) => (times > 1 ? `${value} (${times} times)` : value)).join(' → ');
}

function factsOf({ ledger, record, statusHistory, whmcs }) {
  const facts = [];
  if (ledger?.status === 'Failed') facts.push(['Error', `${ledger.errorCode}: ${ledger.errorMessage ?? ''}`]);
  if (ledger) facts.push(['Request', `${ledger.attempt ?? 1}, ${count(ledger.tries ?? 0, 'run')}`]);
  if (ledger?.addOrder === 'sent') facts.push(['AddOrder', 'sent, not answered']);
  if (!record) facts.push(['Salesforce', 'has no such order']);
  if (statusHistory.length) facts.push(['Salesforce', grouped(statusHistory)]);
  for (const { id, status, services } of whmcs) {
    facts.push(['WHMCS', [`order ${id}, ${status}`, ...services].join('\n')]);
  }
  return facts;
}

/** What the two systems store of the order. */
function recordsOf({ record, whmcs }) {
  return [...Object.entries(record ?? {}), ...whmcs.map(({ id, notes }) => [`notes of WHMCS order ${id}`, notes])];
}

function stepsOf({ id, ledger }) {
  const known = runs.get(id);
  if (!known || !ledger) return [];
  // A new request begins anew.
  if (known.attempt !== undefined && known.attempt < ledger.attempt) known.steps = {};
  known.attempt = ledger.attempt;
  const names = known.steps.sf_failure_update ? [...path, 'sf_failure_update'] : path;
  return names.map((name) => ({ name, outcome: 'none', ...known.steps[name] }));
}

function stepRow({ name, outcome, milliseconds }) {
  const row = textElement('li', '', { 'data-step': name, 'data-outcome': outcome });
  const mark = textElement('span', `${marks[outcome] ?? marks.none} ${name}`);
  const said = { later: 'later, ', failed: 'failed, ' }[outcome] ?? '';
  row.append(mark, textElement('span', outcome === 'none' ? '' : `${said}${milliseconds} ms`));
  return [row];
}

function showOrders(state) {
  const nodes = copies(element('orders'), 'order', state.orders, (one) => one.id, (node, { id }) => {
    setText(part(node, 'id'), id);
    part(node, 'id').id = `order-${id}`;
    node.setAttribute('aria-labelledby', `order-${id}`);
    addHidden(node.querySelector('summary'), id);
    for (const action of ['click', 'event', 'recover']) {
      const button = part(node, action);
      addHidden(button, id);
      button.addEventListener('click', () => {
        if (button.getAttribute('aria-disabled') !== 'true') press({ action, orderId: id });
      });
    }
  });
  nodes.forEach((node, index) => {
    const order = state.orders[index];
    const status = statusOf(order, state.time);
    const wait = waitOf(order, state.time);
    const steps = stepsOf(order);
    part(node, 'status').dataset.status = status;
    setText(part(node, 'status'), status);
    setText(part(node, 'what'), [order.account, ...order.lines].filter(Boolean).join(' · '));
    setText(part(node, 'wait'), wait);
    part(node, 'wait').hidden = !wait;
    part(node, 'recover').setAttribute('aria-disabled', String(!order.ledger?.dueAt));
    part(node, 'steps').hidden = !steps.length;
    setChildren(part(node, 'steps'), steps, stepRow);
    setChildren(part(node, 'facts'), factsOf(order), ([term, text]) =>
      [textElement('dt', term), textElement('dd', text)]);
    const records = recordsOf(order);
    part(node, 'records').parentElement.hidden = !records.length;
    setChildren(part(node, 'records'), records, ([name, value]) =>
      [textElement('dt', name), textElement('dd', String(value))]);
    const code = order.ledger?.errorCode;
    say(order.id, status, `Order ${order.id}: ${status}${code ? `, ${code}` : ''}`);
  });
  element('more-orders').hidden = !state.moreOrders;
  setText(element('more-orders'), `and ${count(state.moreOrders, 'more order')}`);
}

// Faults and records

function showFaults(state) {
  for (const box of document.querySelectorAll('[data-fault]')) {
    if (!pending.has(box.dataset.fault)) box.checked = state.faults[box.dataset.fault] === true;
  }
  const rows = state.breakers.map(({ name, openedAt, openUntil, failures, reason }) => {
    const until = openUntil > state.time ? `next probe in ${seconds(openUntil - state.time)}` : 'the next run probes';
    say(`breaker ${name}`, Boolean(openedAt), `The breaker of ${name} is ${openedAt ? 'open' : 'closed'}`);
    return [name, openedAt ? `open; ${until}. ${reason ?? ''}` : `closed, ${count(failures, 'silent run')}`,
      Boolean(openedAt)];
  });
  setChildren(element('breakers'), rows, ([name, text, isOpen]) =>
    [textElement('dt', name), textElement('dd', text, isOpen ? { class: 'open' } : {})]);
}

function showRecords({ salesforce, whmcs }) {
  setText(element('salesforce-summary'),
    `${count(salesforce.calls, 'call')}, ${count(salesforce.tokensIssued, 'token')} issued. The last calls:`);
  setText(element('whmcs-summary'), `${count(whmcs.calls, 'call')}. The last calls:`);
  const row = (text) => [textElement('li', text)];
  setChildren(element('salesforce-calls'), salesforce.lastCalls, row);
  setChildren(element('whmcs-calls'), whmcs.lastCalls, row);
  setChildren(element('module-queue'), whmcs.moduleQueue.map(({ serviceId, action, error }) =>
    `Module queue: ${action} of service ${serviceId}: ${error}`), row);
}

// What a screen reader says by itself: what has changed, once

const news = [];

function say(subject, value, sentence) {
  if (!isFirst && said.get(subject) !== value && said.get(subject) !== undefined) news.push(sentence);
  said.set(subject, value);
}

function tellNews() {
  if (news.length) setText(element('news'), news.splice(0).join('. '));
}

// The testbed

async function press(action) {
  if (action.fault) pending.add(action.fault);
  try {
    const answer = await fetch('/watch/action', {
      method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(action),
    });
    setText(element('answer'), (await answer.json()).message);
  } catch {
    setText(element('answer'), 'The testbed does not answer.');
  }
  pending.delete(action.fault);
  hurriesUntil = Date.now() + 3000;
  poll();
}

async function poll() {
  clearTimeout(timer);
  // Two at once would read the same lines of the log.
  if (isPolling) { pollsAgain = true; return; }
  isPolling = true;
  let wait = 1000;
  try {
    const answer = await fetch(`/watch/state?line=${nextLine}`);
    if (!answer.ok) throw new Error((await answer.json()).message);
    const state = await answer.json();
    showLines(state);
    const [stations, helpers] = stationsOf(state);
    showStations(element('stations'), stations);
    showStations(element('helpers'), helpers);
    showOrders(state);
    showFaults(state);
    showRecords(state);
    tellNews();
    isFirst = false;
    element('connection').classList.remove('lost');
    setText(element('connection'), 'Connected');
    if (Date.now() < hurriesUntil || state.functions.some((one) => one.atWork > 0)) wait = 200;
  } catch (error) {
    element('connection').classList.add('lost');
    setText(element('connection'), `The testbed does not answer (${error.message}); trying again`);
  }
  isPolling = false;
  timer = setTimeout(poll, pollsAgain ? 0 : document.hidden ? 5000 : wait);
  pollsAgain = false;
}

for (const box of document.querySelectorAll('[data-fault]')) {
  box.addEventListener('change', () => press({ action: 'fault', fault: box.dataset.fault, on: box.checked }));
}
for (const button of document.querySelectorAll('[data-action]')) {
  button.addEventListener('click', () => press({ action: button.dataset.action }));
}
document.addEventListener('visibilitychange', () => { if (!document.hidden) poll(); });
poll();
