
// The last state, and when it came, by this machine's clock.
let last = null;
let heardAt = 0;
let lostSince = 0;
let token = '';
let retry = 1000;
let connection = null;

// So long without a word, and the stream is taken for lost: a state comes every 5 s at least.
const SILENCE = 12000;

function show(state) {
  const isFirst = state.whole;
  if (isFirst) {
    const here = new Set(state.members.map(member => member.id));
    showMembers(state.members, [...members.keys()].filter(id => !here.has(id)), last === null);
  } else {
    showMembers(state.members || [], state.gone || [], last === null || !last.known);
  }
  last = state;
  heardAt = Date.now();
  offset = Date.parse(state.at) - heardAt;
  const bad = state.findings.length;
  document.title = (bad > 0 ? `(${bad}) ` : '') + 'kamrpc ' + state.cluster + (state.proxy ? ' ' + state.proxy : '');
  $('title').textContent = state.proxy ? 'Proxy ' + state.proxy : 'Cluster ' + state.cluster;
  $('where').textContent = state.proxy ? 'in cluster ' + state.cluster : 'all its proxies';
  $('foot').textContent = `kamrpc ${state.version}. ` + (state.proxy
    ? 'Flags and pings are those of the list of this Kamailio; what other proxies do is what they report.'
    : 'Flags are told of those members that are not as wished, as proxies report them; pings, calls up and calls of the last minutes are on the page of each proxy.');
  $('token').hidden = true;
  $('main').hidden = !state.known;
  if (state.known) {
    showFindings(state);
    showRollouts(state);
    showSets(state);
    showProxies(state);
    showChanges(state);
  }
  tick();
}

function banners() {
  const texts = [];
  if (lostSince && last) {
    texts.push(['bad', 'NOT LIVE: what is shown is of ' + clock(heardAt) + ', ' + duration(Date.now() - heardAt) + ' ago. Trying to connect again.']);
  } else if (last && last.etcd.answers === false) {
    texts.push(['bad', `etcd does not answer for ${duration(nowThere() - Date.parse(last.etcd.since))} (${last.etcd.reason || ''}): `
      + (last.etcd.readAt ? `members and other proxies are shown as they were ${duration(nowThere() - Date.parse(last.etcd.readAt))} ago.` : last.known ? 'members are those that this dispatcher goes by; of other proxies nothing is known.' : 'nothing is known yet.')]);
  } else if (last && !last.known) {
    texts.push(['odd', 'Nothing is known yet: etcd and Kamailio are being read.']);
  }
  const text = JSON.stringify(texts.map(([tone]) => tone));
  // Words of an alert are read out when it comes, and not each second.
  if ($('banners').dataset.made !== text) {
    $('banners').dataset.made = text;
    $('banners').replaceChildren(...texts.map(([tone, words]) => h('p', { class: 'banner ' + tone }, words)));
  } else {
    texts.forEach(([, words], index) => { if ($('banners').children[index].textContent !== words) { $('banners').children[index].textContent = words; } });
  }
}

function tick() {
  const isLost = lostSince > 0 || (last && Date.now() - heardAt > SILENCE);
  if (isLost && !lostSince) {
    lostSince = Date.now();
    connection?.abort();
  }
  document.body.classList.toggle('stale', Boolean(isLost && last));
  const live = $('live');
  live.className = 'live ' + (isLost ? 'bad' : last ? 'good' : '');
  const text = isLost ? 'not live since ' + clock(last ? heardAt : lostSince) : last ? 'live' : 'connecting';
  if ($('live-text').textContent !== text) {
    $('live-text').textContent = text;
  }
  banners();
  document.querySelectorAll('time[data-at]').forEach(showAge);
}

// Behind a path prefix the events are beside the page, whether its address ends with a slash or not.
const address = () => (location.pathname.endsWith('/') ? '' : location.pathname.split('/').pop() + '/') + 'events';

async function follow() {
  connection = new AbortController();
  const response = await fetch(address(), { headers: token ? { Authorization: 'Bearer ' + token } : {}, cache: 'no-store', signal: connection.signal });
  if (response.status === 401) {
    $('token').hidden = false;
    $('token-why').textContent = token ? 'That is not the token.' : '';
    $('token-text').focus();
    token = '';
    return false;
  }
  if (!response.ok) {
    throw new Error((await response.text()).trim() || String(response.status));
  }
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let pieces = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) {
      throw new Error('the stream has ended');
    }
    pieces += value;
    for (let end = pieces.indexOf('\n\n'); end >= 0; end = pieces.indexOf('\n\n')) {
      const data = pieces.slice(0, end).split('\n').filter(line => line.startsWith('data: ')).map(line => line.slice(6)).join('\n');
      pieces = pieces.slice(end + 2);
      if (data) {
        lostSince = 0;
        retry = 1000;
        show(JSON.parse(data));
      }
    }
  }
}

async function live() {
  for (;;) {
    try {
      if (!await follow()) {
        return;
      }
    } catch (failure) {
      lostSince = lostSince || Date.now();
      if (!last) {
        $('banners').dataset.made = '';
        $('banners').replaceChildren(h('p', { class: 'banner bad' }, 'No connection: ' + failure.message));
      }
    }
    tick();
    await new Promise(done => setTimeout(done, retry));
    retry = Math.min(10000, retry * 2);
  }
}

$('token').addEventListener('submit', event => {
  event.preventDefault();
  token = $('token-text').value.trim();
  live();
});
$('filter').addEventListener('submit', event => event.preventDefault());
$('filter').addEventListener('input', () => { if (last) { showSets(last); } });
document.addEventListener('keydown', event => {
  if (event.key === '/' && !event.ctrlKey && !event.metaKey && !event.altKey && !(event.target instanceof HTMLInputElement)) {
    event.preventDefault();
    $('filter-text').focus();
  } else if (event.key === 'Escape' && event.target === $('filter-text')) {
    $('filter-text').value = '';
    if (last) { showSets(last); }
  }
});
setInterval(tick, 1000);
live();
