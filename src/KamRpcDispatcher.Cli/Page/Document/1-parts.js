'use strict';

// Text from etcd and Kamailio becomes text nodes and attributes only: nothing here makes markup of it.
const $ = id => document.getElementById(id);
const SVG = 'http://www.w3.org/2000/svg';

function h(tag, props, ...children) {
  const made = tag === 'svg' || tag === 'path' || tag === 'rect' || tag === 'line' ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(props || {})) {
    if (value !== null && value !== undefined && value !== false) {
      made.setAttribute(name, value === true ? '' : String(value));
    }
  }
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined && child !== '') {
      made.append(child);
    }
  }
  return made;
}

// What the clock of the machine that sends is ahead of this one, in milliseconds: ages go by its clock.
let offset = 0;

function duration(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  return seconds >= 86400 ? Math.floor(seconds / 86400) + 'd' : seconds >= 3600 ? Math.floor(seconds / 3600) + 'h' : seconds >= 60 ? Math.floor(seconds / 60) + 'm' : seconds + 's';
}

const nowThere = () => Date.now() + offset;
const clock = milliseconds => new Date(milliseconds).toLocaleTimeString(undefined, { hourCycle: 'h23' });

// An age that goes on by itself; words: "for %", "% ago", "in %".
function age(at, words) {
  if (!at) {
    return null;
  }
  const made = h('time', { datetime: at, title: at, 'data-at': Date.parse(at), 'data-words': words || 'for %' });
  showAge(made);
  return made;
}

function showAge(time) {
  const at = Number(time.dataset.at);
  const since = nowThere() - at;
  const words = time.dataset.words;
  const text = words.startsWith('in ') ? (since < 0 ? words.replace('%', duration(-since)) : 'due') : words.replace('%', duration(since));
  if (time.textContent !== text) {
    time.textContent = text;
  }
}

const SIGNS = { good: '\u2713', bad: '\u2715', odd: '!', plain: '\u2013' };
const badge = (text, tone) => h('span', { class: 'badge ' + tone }, h('span', { 'aria-hidden': 'true' }, SIGNS[tone] || ''), text);
const number = value => value === null || value === undefined ? '' : value.toLocaleString('en-US');
const percent = value => value === null || value === undefined ? 'not known' : value.toFixed(1) + ' %';

function table(columns, label) {
  const body = h('tbody', { role: 'rowgroup' });
  const made = h('table', { role: 'table', 'aria-label': label },
    h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, columns.map(column => h('th', { scope: 'col', role: 'columnheader' }, column)))), body);
  return { table: made, body };
}

function cell(label, content, kind) {
  const parts = [content].flat(Infinity).filter(part => part !== null && part !== undefined && part !== '');
  return h('td', { role: 'cell', 'data-label': label, class: [kind || '', parts.length === 0 ? 'nothing' : ''].join(' ').trim() || null }, parts.length > 1 || kind === 'badge-cell' ? h('div', {}, parts) : parts);
}

// Calls in each half minute, the oldest first; a half minute in which nobody counted is grey.
function plot(calls) {
  if (!calls) {
    return null;
  }
  const known = calls.filter(value => value !== null && value !== undefined);
  if (known.length === 0) {
    return null;
  }
  const most = Math.max(1, ...known);
  const width = 120 / calls.length;
  const bars = calls.map((value, index) => value ? `M${(index * width).toFixed(1)} 24v-${Math.max(1, 22 * value / most).toFixed(1)}h${(width - 0.8).toFixed(1)}V24z` : '').join('');
  const first = calls.findIndex(value => value !== null && value !== undefined);
  const total = known.reduce((sum, value) => sum + value, 0);
  const words = `${number(total)} calls in the last ${duration((calls.length - first) * 30000)}, at most ${number(Math.max(...known))} in half a minute`;
  return h('svg', { class: 'plot', viewBox: '0 0 120 24', role: 'img', 'aria-label': words },
    h('rect', { x: 0, y: 0, width: (first * width).toFixed(1), height: 24 }), h('line', { x1: 0, x2: 120, y1: 23.5, y2: 23.5 }), h('path', { d: bars }), titleOf(words));
}

function titleOf(text) {
  const title = document.createElementNS(SVG, 'title');
  title.textContent = text;
  return title;
}

function shares(set) {
  if (!set.shares || set.shares.length === 0) {
    return h('p', { class: 'dim' }, 'Not split, and without weights: each gets calls by the algorithm of your config, and Kamailio does not count them by member.');
  }
  return [h('h4', {}, 'Shares of calls: wanted (hatched) and measured (full)'), set.shares.map(share => h('div', { class: 'share' },
    h('span', { class: 'name' }, share.name),
    h('span', { class: 'bars', 'aria-hidden': 'true' }, bar('wanted', share.wanted), bar('measured', share.measured)),
    h('span', { class: 'words' }, 'wanted ' + percent(share.wanted) + ', measured ' + measured(share), share.until ? [' until ', age(share.until, '% ago')] : null)))];
}

function measured(share) {
  if (share.calls === null || share.calls === undefined) {
    return share.counted === false ? 'nothing: Kamailio does not count' : 'nothing yet';
  }
  return (share.measured === null || share.measured === undefined ? 'no calls' : percent(share.measured) + ' (' + number(share.calls) + ' calls)') + ' in ' + duration(Date.parse(share.until) - Date.parse(share.since));
}

function bar(kind, value) {
  const made = h('i', { class: kind });
  made.style.width = Math.min(100, value || 0) + '%';
  return made;
}
