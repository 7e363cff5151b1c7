
const COLUMNS = ['Calls', 'Name', 'Address', 'State', 'Flags', 'Pings', 'Last 15 minutes'];
const WORST = { bad: 0, odd: 1, good: 2, plain: 3 };
const members = new Map();
const rows = new Map();
const sets = new Map();

function memberRow(member) {
  const state = [h('span', {}, member.state), ' ', age(member.since), member.static ? h('small', {}, ' static') : null, member.by ? ' by ' + member.by : null, member.why ? ' (' + member.why + ')' : null];
  const remarks = (member.remarks || []).map(remark => h('li', {}, remark.text, remark.flags || remark.since ? ' (' : null, remark.flags, remark.flags && remark.since ? ', ' : null, age(remark.since),
    remark.until ? [', ' + remark.end + ' ', age(remark.until, 'in %')] : null, remark.flags || remark.since ? ')' : null));
  const load = member.load === null || member.load === undefined ? null : number(member.load) + (member.mostLoad ? ' of ' + number(member.mostLoad) : '') + ' calls up';
  return h('tr', { role: 'row' },
    cell('Calls', badge(member.calls, member.tone), 'badge-cell'),
    cell('Name', [h('span', { class: 'name' }, member.name), member.weight === null || member.weight === undefined ? null : h('small', {}, ' weight ' + member.weight)]),
    cell('Address', h('span', { class: 'mono' }, member.uri)),
    cell('State', h('div', {}, state, remarks.length > 0 ? h('ul', {}, remarks) : null)),
    cell('Flags', member.flags ? h('span', { class: 'mono', title: flagWords(member.flags) }, member.flags, h('span', { class: 'hidden' }, flagWords(member.flags))) : ''),
    cell('Pings', member.latency === null || member.latency === undefined ? '' : member.latency + ' ms', 'number'),
    cell('Last 15 minutes', [plot(member.plot), load ? h('small', {}, load) : null], 'plot-cell'));
}

const FLAGS = { A: 'active', I: 'inactive: found dead', D: 'disabled', T: 'trying: pings fail', P: 'pinged', X: 'not pinged' };
const flagWords = flags => flags === '-' ? ' not in the list' : ' ' + flags.split(',').map(one => [...one].map(flag => FLAGS[flag] || flag).join(', ')).join('; ');

function place(list, wanted) {
  // Each row that stands already is left where it is, so that a focus or a selection stays.
  wanted.forEach((row, index) => {
    if (list.children[index] !== row) {
      list.insertBefore(row, list.children[index] || null);
    }
  });
  while (list.children.length > wanted.length) {
    list.lastElementChild.remove();
  }
}

function showMembers(changed, gone, isFirst) {
  const said = [];
  for (const id of gone) {
    const before = members.get(id);
    members.delete(id);
    rows.delete(id);
    if (before) {
      said.push(before.name + ' is gone');
    }
  }
  for (const member of changed) {
    const before = members.get(member.id);
    members.set(member.id, member);
    const row = memberRow(member);
    if (!isFirst && (!before || before.calls !== member.calls || before.state !== member.state || before.flags !== member.flags)) {
      row.classList.add('new');
      said.push(member.name + ': ' + member.state + ', ' + member.calls.toLowerCase());
    }
    rows.set(member.id, row);
  }
  if (said.length > 0) {
    $('said').textContent = said.slice(0, 3).join('. ') + (said.length > 3 ? `. And ${said.length - 3} more changes.` : '.');
  }
}

function isShown(member) {
  const text = $('filter-text').value.trim().toLowerCase();
  return (!$('filter-odd').checked || member.tone === 'bad' || member.tone === 'odd')
    && (!text || [member.name, member.uri, member.state, member.calls, member.flags || ''].some(part => part.toLowerCase().includes(text)));
}

function setCard(set) {
  const { table: made, body } = table(COLUMNS, 'Members of set ' + set.set);
  const card = { table: made, body, answer: h('span', {}), meter: h('i', {}), shares: h('div', { class: 'shares' }), commands: h('p', { class: 'commands' }), none: h('p', { class: 'dim', style: null }) };
  card.none.hidden = true;
  card.none.style.padding = '8px 14px';
  card.element = h('details', { class: 'card set', open: true },
    h('summary', {}, h('h3', {}, 'Set ' + set.set), card.answer, h('span', { class: 'meter', 'aria-hidden': 'true' }, card.meter)), made, card.none, card.shares, card.commands);
  return card;
}

function showSets(state) {
  const byColumn = new Map();
  for (const member of members.values()) {
    if (isShown(member)) {
      byColumn.has(member.set) ? byColumn.get(member.set).push(member) : byColumn.set(member.set, [member]);
    }
  }
  const present = new Set(state.sets.map(set => set.set));
  for (const number of [...sets.keys()]) {
    if (!present.has(number)) {
      sets.delete(number);
    }
  }
  for (const set of state.sets) {
    if (!sets.has(set.set)) {
      sets.set(set.set, setCard(set));
    }
    const card = sets.get(set.set);
    const listed = (byColumn.get(set.set) || []).sort((a, b) => (WORST[a.tone] - WORST[b.tone]) || (a.name < b.name ? -1 : a.name > b.name ? 1 : a.uri < b.uri ? -1 : 1));
    place(card.body, listed.map(member => rows.get(member.id)));
    card.table.classList.toggle('no-pings', !listed.some(member => member.latency !== null && member.latency !== undefined));
    card.table.classList.toggle('no-plots', !listed.some(member => member.plot || member.load !== null && member.load !== undefined));
    const all = [...members.values()].filter(member => member.set === set.set).length;
    card.none.hidden = listed.length > 0 || all === 0;
    card.none.textContent = `None of ${all} is like that.`;
    card.answer.replaceChildren(badge(set.answer, set.tone));
    card.meter.style.width = (set.members > 0 ? 100 * set.getting / set.members : 0) + '%';
    renew(card.shares, JSON.stringify(set.shares || []), () => shares(set));
    renew(card.commands, JSON.stringify(set.commands), () => ['the same by ', set.commands.map(command => h('code', {}, command))]);
  }
  place($('sets'), state.sets.length > 0 ? state.sets.map(set => sets.get(set.set).element) : [h('p', { class: 'card' }, 'Nobody is announced.')]);
}

// Makes something anew only where it says something else.
function renew(element, text, make) {
  if (element.dataset.made !== text) {
    element.dataset.made = text;
    element.replaceChildren(...[make()].flat(Infinity));
  }
}

function showFindings(state) {
  renew($('findings-list'), JSON.stringify([state.findings, state.known]), () => state.findings.length > 0
    ? state.findings.map(finding => h('li', {}, finding.text, h('code', {}, finding.code)))
    : [h('li', { class: 'good' }, '\u2713 Nothing is wrong, by what is known here.')]);
}

function showProxies(state) {
  renew($('proxies'), JSON.stringify(state.proxies), () => {
    if (state.proxies.length === 0) {
      return h('p', { class: 'card' }, 'No proxy reports.');
    }
    const { table: made, body } = table(['State', 'Proxy', 'Kamailio', 'Behind', 'Changes owed', 'List seen', 'Report', 'kamrpc'], 'Proxies');
    const order = [...state.proxies].sort((a, b) => (WORST[a.tone] - WORST[b.tone]) || (a.name < b.name ? -1 : 1));
    body.append(...order.map(proxy => h('tr', { role: 'row' },
      cell('State', badge(proxy.state, proxy.tone), 'badge-cell'),
      cell('Proxy', h('div', {}, h('span', { class: 'name' }, proxy.name), proxy.name === state.proxy ? h('small', {}, ' this one') : null,
        proxy.doubt ? h('div', {}, 'not known: ' + proxy.doubt) : null, (proxy.troubles || []).map(trouble => h('div', {}, h('small', {}, trouble))))),
      cell('Kamailio', proxy.kamailio ? proxy.kamailioTone === 'plain' ? proxy.kamailio : badge(proxy.kamailio, proxy.kamailioTone) : ''),
      cell('Behind', proxy.behind ? number(proxy.behind) + ' revisions' : ''),
      cell('Changes owed', proxy.drift ? number(proxy.drift) : ''),
      cell('List seen', age(proxy.listSeenAt, '% ago'), 'number'),
      cell('Report', age(proxy.reportedAt, '% old'), 'number'),
      cell('kamrpc', proxy.version || ''))));
    return h('div', { class: 'card set' }, made);
  });
}

function showRollouts(state) {
  $('rollouts').hidden = state.rollouts.length === 0;
  renew($('rollouts-list'), JSON.stringify(state.rollouts), () => state.rollouts.map(rollout => h('div', { class: 'card' },
    h('div', {}, h('strong', {}, `Set ${rollout.set}: ${rollout.kind}`), ' ', badge(rollout.phase, rollout.tone), rollout.to ? ' ' + rollout.to : null, rollout.share ? ' at ' + rollout.share : null, rollout.step ? ', ' + rollout.step : null, ', ', age(rollout.since)),
    rollout.done === null || rollout.done === undefined ? null : h('progress', { max: 1, value: rollout.done, 'aria-label': 'how far it is' }),
    h('div', { class: 'dim' }, 'run by ' + (rollout.runBy || 'nobody'), rollout.said ? ': ' + rollout.said : null))));
}

function showChanges(state) {
  renew($('changes'), JSON.stringify([state.changes, state.notReadable]), () => {
    const note = state.notReadable ? h('p', { class: 'banner odd' }, 'Not shown: ' + state.notReadable) : null;
    if (state.changes.length === 0) {
      return [note || h('p', { class: 'card' }, 'No change by an operator is recorded.')];
    }
    const { table: made, body } = table(['When', 'Who', 'What', 'Set', 'Whom', 'Change', 'Applied'], 'The last changes by operators');
    body.append(...state.changes.map(change => h('tr', { role: 'row' },
      cell('When', age(change.at, '% ago'), 'number'), cell('Who', change.by), cell('What', change.what), cell('Set', change.sets), cell('Whom', change.whom), cell('Change', change.change || ''), cell('Applied', change.applied || ''))));
    return [note, h('div', { class: 'card set' }, made)].filter(Boolean);
  });
}
